package provenance

import (
	"context"
	"errors"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/spell"
)

// A Version is what a database knows of a version of a pipeline.
type Version struct {
	ID         VersionID
	Entity     db.ID
	Pipelines  []string          // names of those it is a version of
	Nodes      map[string]NodeID // by their names; empty once it is archived
	Tombstoned time.Time         // zero while it lives
	Reason     string            // of its tombstone
	Held       string            // why it may not be archived; "" where it may
}

// FindVersion returns what a reader knows of a version, and ErrNoVersion where it knows nothing.
func FindVersion(ctx context.Context, r db.Reader, id VersionID) (*Version, error) {
	state, err := versionState(ctx, r, id)
	if err != nil {
		return nil, err
	}
	if state.entity == 0 {
		return nil, &VersionError{Version: id, Kind: ErrNoVersion}
	}
	v := &Version{ID: id, Entity: state.entity, Tombstoned: state.at, Reason: state.reason, Held: state.hold}
	if v.Pipelines, err = state.pipelines(ctx, r); err != nil {
		return nil, err
	}
	v.Nodes, err = readLabels(state.labels)
	return v, err
}

// Find returns the node that a version calls by a name, and ErrNoNode where it calls none so.
func Find(ctx context.Context, r db.Reader, v VersionID, name string) (NodeID, error) {
	version, err := FindVersion(ctx, r, v)
	if err != nil {
		return NodeID{}, err
	}
	id, found := version.Nodes[name]
	if !found {
		return NodeID{}, &NodeError{Name: name, Near: spell.Nearest(name, sorted(version.Nodes)), Kind: ErrNoNode}
	}
	return id, nil
}

// A version is the entity of a version, as a reader shows it. An entity of 0 is none.
type version struct {
	entity               db.ID
	of                   []any
	targets              []any
	labels, reason, hold string
	at                   time.Time
}

func (v version) tombstoned() bool { return !v.at.IsZero() }

// whole reports whether the version has its targets still: archiving takes them.
func (v version) whole() bool { return len(v.targets) > 0 }

func versionState(ctx context.Context, r db.Reader, id VersionID) (version, error) {
	e, found, err := entity(ctx, r, "version/id", id[:])
	if err != nil || !found {
		return version{}, err
	}
	return readVersion(ctx, r, e)
}

func readVersion(ctx context.Context, r db.Reader, e db.ID) (version, error) {
	ent, err := r.Entity(ctx, e)
	if err != nil {
		return version{}, err
	}
	v := version{entity: e, of: ent.All("version/of"), targets: ent.All("version/targets")}
	v.labels, _ = ent.Get("version/labels").(string)
	v.reason, _ = ent.Get("tombstone/reason").(string)
	v.hold, _ = ent.Get("tombstone/hold").(string)
	v.at, _ = ent.Get("tombstone/at").(time.Time)
	return v, nil
}

func (v version) pipelines(ctx context.Context, r db.Reader) ([]string, error) {
	var names []string
	for _, p := range v.of {
		ent, err := r.Entity(ctx, p)
		if err != nil {
			return nil, err
		}
		if name, ok := ent.Get("pipeline/name").(string); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func readLabels(text string) (map[string]NodeID, error) {
	labels := map[string]NodeID{}
	if text == "" {
		return labels, nil
	}
	form, err := edn.Read(text)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(form.Items); i += 2 {
		id, err := ParseNodeID(nameOf(form.Items[i+1]))
		if err != nil {
			return nil, err
		}
		labels[nameOf(form.Items[i])] = id
	}
	return labels, nil
}

// entity returns the entity that has a value of a unique attribute. A missing entity is no error, but a missing schema is.
func entity(ctx context.Context, r db.Reader, attr string, value any) (db.ID, bool, error) {
	e, err := r.EntID(ctx, db.Lookup(attr, value))
	switch {
	case errors.Is(err, db.ErrUnknownAttribute):
		return 0, false, errNoSchema
	case errors.Is(err, db.ErrNotAnEntity):
		return 0, false, nil
	}
	return e, err == nil, err
}
