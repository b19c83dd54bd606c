package cache

import (
	"context"
	"hash/fnv"
	"slices"
	"sort"
	"sync"
	"time"

	"larder/cache/registry"
)

// A registry is shielded from questions about what it does not have. The index says
// what it has; between two looks at it a request that it denies is refused here. How
// long a look counts grows from minPause to maxPause while the index stays the same, so
// a model that was just published may be refused for maxPause at the longest. Refresh,
// Index and every revalidation look at the index too. The first unknown version of a model
// that is listed is worth a look of its own; after that the stored index speaks for it.
const (
	minPause = 5 * time.Second
	maxPause = time.Minute
	// maxDenied bounds what is remembered of denied versions; names need no memory.
	maxDenied = 1024
	// suggestions is how many refusals between two looks say which names are similar,
	// for which the stored index has to be read.
	suggestions = 16
)

// catalogue is what is known about the index without keeping it: a hash of each name.
// A name that is listed is never taken for an unknown one; of n listed names, one that is
// not is taken for a listed one with a probability of n in 2^32 (at most 1 in 32,768),
// and then the index itself decides.
type catalogue struct {
	turn chan struct{} // held by whoever asks for the index

	mu      sync.Mutex
	names   []uint32 // sorted
	looks   int      // how often the index was asked for
	checked time.Time
	pause   time.Duration
	denied  map[string]error // of names that are listed, by request
	hints   int
	stored  bool // the store has the index that was last seen
	speaks  bool // and it was looked at for a version that it lacks

	// The last answer, for those who waited while somebody else asked.
	waiting int
	latest  *registry.Index
	err     error
}

func newCatalogue() *catalogue {
	return &catalogue{turn: make(chan struct{}, 1), denied: map[string]error{}}
}

func nameHash(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

// share calls ask for the index, or returns the answer that somebody else got while
// this call waited. alone insists on an answer to a question that is asked after now.
func (k *catalogue) share(ctx context.Context, alone bool, ask func() (*registry.Index, error)) (*registry.Index, error) {
	k.mu.Lock()
	looks := k.looks
	k.waiting++
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.waiting--; k.waiting == 0 {
			k.latest, k.err = nil, nil
		}
	}()
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-k.turn }()
	k.mu.Lock()
	ix, err, asked := k.latest, k.err, k.looks > looks && !alone
	k.mu.Unlock()
	if asked {
		return ix, err
	}
	ix, err = ask()
	if ctx.Err() == nil { // else the answer is about this caller only
		k.mu.Lock()
		defer k.mu.Unlock()
		k.looks++
		k.latest, k.err = ix, err
	}
	return ix, err
}

// learn notes what the registry said at now, and whether the store has it.
func (k *catalogue) learn(ix *registry.Index, same, stored bool, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.checked, k.hints, k.stored, k.speaks = now, suggestions, stored, false
	clear(k.denied)
	if same && k.names != nil {
		k.pause = min(2*k.pause, maxPause)
		return
	}
	k.pause = minPause
	k.names = make([]uint32, len(ix.Models))
	for i := range ix.Models {
		k.names[i] = nameHash(ix.Models[i].Name)
	}
	sort.Slice(k.names, func(i, j int) bool { return k.names[i] < k.names[j] })
}

// refuses returns an error if the registry said just now that it has no such thing.
// look says that the stored index may be read, for a version that it lacks or for names
// that are similar.
func (k *catalogue) refuses(r *request, now time.Time) (err error, look bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.names == nil || !fresh(k.checked, now, k.pause) {
		return nil, false
	}
	if err := k.denied[r.key()]; err != nil {
		return err, false
	}
	if k.lists(r.name) {
		return nil, k.speaks
	}
	k.hints--
	return &Error{Code: NotFound, Op: "get", Name: r.name, Version: r.selector.String(),
		Detail: "the registry has no model of this name"}, k.hints >= 0
}

// deniable reports whether nothing is stored for a request that does not insist.
func (r *request) deniable(local *stored) bool {
	return local.version == nil && !r.force && r.url == ""
}

// deny remembers that the registry has no such version of a model that it lists.
func (k *catalogue) deny(r *request, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.denied) >= maxDenied {
		clear(k.denied)
	}
	k.denied[r.key()] = err
	k.speaks = k.stored && (k.speaks || k.lists(r.name))
}

func (k *catalogue) lists(name string) bool {
	_, listed := slices.BinarySearch(k.names, nameHash(name))
	return listed
}

// refuses tells a request for something that is not stored whether the registry is
// known not to have it either.
func (c *Cache) refuses(ctx context.Context, r *request, local *stored) error {
	if !r.deniable(local) {
		return nil
	}
	err, look := c.catalogue.refuses(r, c.opt.Clock.Now())
	if !look {
		return err
	}
	if ix, _ := c.storedIndex(ctx); ix != nil {
		if _, said := ix.Resolve(r.name, r.selector); said != nil {
			return said
		}
	}
	return err
}
