package db

import (
	"context"
	"slices"
	"sync"
)

// A shelf holds the chunks and directories of the log that were asked for last. Who asks for one that is being read waits for it.
type shelf struct {
	mu     sync.Mutex
	places []*shelved // what was asked for last comes last
}

// shelfSize is how many chunks and directories a shelf holds: two for each stretch that is read ahead, and the way to them.
const shelfSize = 12

// A shelved is a place on a shelf, with a chunk or a directory once it was read.
type shelved struct {
	sum       digest     // of the head
	mu        sync.Mutex // held while it is read
	chunk     *chunk
	directory []chunkRef
}

// place returns the place of what has a hash.
func (s *shelf) place(sum digest) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &shelved{sum: sum}
	if i := slices.IndexFunc(s.places, func(p *shelved) bool { return p.sum == sum }); i >= 0 {
		p = s.places[i]
		s.places = slices.Delete(s.places, i, i+1)
	} else if len(s.places) == shelfSize {
		s.places = slices.Delete(s.places, 0, 1)
	}
	s.places = append(s.places, p)
	return p
}

// chunk returns a chunk of the log.
func (s *shelf) chunk(ctx context.Context, l *txlog, ref *chunkRef) (c *chunk, err error) {
	p := s.place(ref.parts[0].Sum)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chunk == nil {
		p.chunk, err = l.loadChunk(ctx, ref)
	}
	return p.chunk, err
}

// directory returns a directory that lies so high above the chunks.
func (s *shelf) directory(ctx context.Context, l *txlog, ref *chunkRef, height int) (refs []chunkRef, err error) {
	p := s.place(ref.parts[0].Sum)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.directory == nil {
		p.directory, err = l.loadChunkDirectory(ctx, ref, height)
	}
	return p.directory, err
}
