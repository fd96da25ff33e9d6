package db

import (
	"fmt"

	"github.com/datolite/datolite/index"
)

// holding says which facts lie in a tree.
var holding = [...]string{treeHeld: "that hold", treeEnded: "that ended", treeMasks: "of older levels that ended"}

// lost tells what cannot be read if a part cannot.
func (s *Schema) lost(p *index.Part) string {
	if p.Filter {
		return "filters of facts " + holding[tree(p)] + " in " + p.Order.String()
	}
	return fmt.Sprintf("%d facts %s in %s, %s to %s, of %s to %s", p.Facts, holding[tree(p)], p.Order, s.place(p.Order, &p.Within.Lo, "the first"),
		s.place(p.Order, &p.Within.Hi, "the last"), p.Oldest.T(), p.Newest.T())
}

// place tells where a cut lies: which entity, attribute or reference; open is said of either end. What a value is it does not tell.
func (s *Schema) place(o Order, c *index.Cut, open string) string {
	if c.Parts == 0 {
		return open
	}
	text := ""
	for _, component := range o.String()[:c.Parts] {
		switch component {
		case 'E':
			text += fmt.Sprintf(" %d", c.Key.E)
		case 'A':
			text += " " + s.said(c.Key.A)
		case 'V':
			if o == VAET {
				text += fmt.Sprintf(" %d", c.Key.V.Long())
			}
		}
	}
	return text[1:]
}

// said returns the ident of an attribute, or its id.
func (s *Schema) said(a ID) string {
	if ident, ok := s.Ident(a); ok {
		return ident.String()
	}
	return fmt.Sprint(int64(a))
}
