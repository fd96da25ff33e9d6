package index

import "context"

// A relay goes through a span, and then through what another feeder feeds, for one that hands on some of it.
type relay struct {
	from feeder // of more; nil for none
	rest span   // of what it fed last
}

// more reports whether anything is left; it is in rest then.
func (r *relay) more(ctx context.Context) (more bool, err error) {
	if r.rest.len() == 0 && r.from != nil {
		r.rest, err = r.from.feed(ctx)
	}
	return err == nil && r.rest.len() > 0, err
}

func (r *relay) left(first int) int {
	if r.from == nil {
		return first + r.rest.len()
	}
	return r.from.left(first + r.rest.len())
}
