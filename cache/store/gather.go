package store

import "context"

// Gatherer is a Store that has a cheaper way than PutChunks for many chunks that arrive
// one by one: it joins them to larger records before it stores them.
type Gatherer interface {
	Store
	// Gather begins a Gathering. What one of a process that has ended had taken is
	// taken over first. It may return nil: then PutChunks is the way here too.
	Gather(ctx context.Context) (Gathering, error)
}

// Gathering takes chunks. Its methods may be called from several goroutines.
type Gathering interface {
	// Put returns when the chunk will be there whatever happens to the process; for
	// methods of the Store it may be there only after End. Errors: those of PutChunks,
	// also for chunks of earlier calls, which then may be missing.
	Put(ctx context.Context, c Chunk) error
	// End stores what was taken. It must be called, once, also after an error.
	End(ctx context.Context) error
}

// Gather begins a Gathering in any Store: in one that is no Gatherer, every Put is a
// PutChunks.
func Gather(ctx context.Context, s Store) (Gathering, error) {
	if g, is := s.(Gatherer); is {
		if own, err := g.Gather(ctx); own != nil || err != nil {
			return own, err
		}
	}
	return singly{s}, nil
}

// singly is the Gathering of a Store that has none.
type singly struct{ store Store }

func (g singly) Put(ctx context.Context, c Chunk) error {
	return g.store.PutChunks(ctx, []Chunk{c})
}

func (singly) End(context.Context) error { return nil }
