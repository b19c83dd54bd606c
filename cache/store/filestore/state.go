package filestore

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"larder/cache/store"
)

// state is the content of state.json. Digests are hexadecimal, times milliseconds
// since 1970.
type state struct {
	Schema   int            `json:"schema"`
	Records  []recordState  `json:"records"`
	Pointers []pointerState `json:"pointers"`
}

type recordState struct {
	Name, Version string
	Manifest      []byte
	Digest        string
	Chunks        []refState
	CommittedAt   int64
	CheckedAt     int64
	UsedAt        int64
	Hits          int64 `json:",omitempty"`
	ManifestETag  string
	Pinned        bool
}

type refState struct {
	Digest string
	Size   int64
}

type pointerState struct {
	Name, Selector, Version string
	CheckedAt               int64
	Skip                    string `json:",omitempty"`
}

// maxState bounds state.json in bytes when it is read.
const maxState = 1 << 30

// schema is the form of state.json that this package reads and writes.
const schema = 1

// load reads state.json. What is not of its form is left out, but all of a newer form is
// Blocked: taken for empty, it would be overwritten and its chunks swept.
func (s *Store) load() (store.Snapshot, error) {
	data, err := read(filepath.Join(s.dir, "state.json"), maxState)
	if err != nil {
		return store.Snapshot{}, err
	}
	return decodeState(data)
}

func decodeState(data []byte) (out store.Snapshot, err error) {
	var st state
	err = json.Unmarshal(data, &st)
	if st.Schema > schema { // whatever else is of another type by then
		return out, &store.Error{Code: store.Blocked, Op: "read", Key: "state.json",
			Err: fmt.Errorf("a newer Larder has written this store (schema %d, this one reads %d): update this program", st.Schema, schema)}
	}
	if err != nil || st.Schema != schema {
		return out, nil
	}
	for _, raw := range st.Records {
		if r, ok := raw.decode(); ok {
			out.Records = append(out.Records, r)
		}
	}
	for _, raw := range st.Pointers {
		p := store.Pointer{Name: raw.Name, Selector: raw.Selector, Version: raw.Version, CheckedAt: store.FromMilli(raw.CheckedAt), Skip: raw.Skip}
		if p.Validate() == nil {
			out.Pointers = append(out.Pointers, p)
		}
	}
	out.Sort()
	return out, nil
}

func (raw *recordState) decode() (store.Record, bool) {
	d, err := store.ParseDigest(raw.Digest)
	if err != nil {
		return store.Record{}, false
	}
	r := store.Record{Name: raw.Name, Version: raw.Version, Manifest: raw.Manifest, Digest: d,
		CommittedAt: store.FromMilli(raw.CommittedAt), CheckedAt: store.FromMilli(raw.CheckedAt),
		UsedAt: store.FromMilli(raw.UsedAt), Hits: store.BoundHits(raw.Hits), ManifestETag: raw.ManifestETag, Pinned: raw.Pinned}
	for _, c := range raw.Chunks {
		d, err := store.ParseDigest(c.Digest)
		if err != nil {
			return store.Record{}, false
		}
		r.Chunks = append(r.Chunks, store.Ref{Digest: d, Size: c.Size})
	}
	return r, r.Validate() == nil
}

// save replaces state.json.
func (s *Store) save(snap store.Snapshot) error {
	snap.Sort()
	st := state{Schema: schema}
	for _, r := range snap.Records {
		raw := recordState{Name: r.Name, Version: r.Version, Manifest: r.Manifest, Digest: r.Digest.String(),
			CommittedAt: store.Milli(r.CommittedAt), CheckedAt: store.Milli(r.CheckedAt), UsedAt: store.Milli(r.UsedAt), Hits: r.Hits,
			ManifestETag: r.ManifestETag, Pinned: r.Pinned}
		for _, c := range r.Chunks {
			raw.Chunks = append(raw.Chunks, refState{c.Digest.String(), c.Size})
		}
		st.Records = append(st.Records, raw)
	}
	for _, p := range snap.Pointers {
		st.Pointers = append(st.Pointers, pointerState{p.Name, p.Selector, p.Version, store.Milli(p.CheckedAt), p.Skip})
	}
	data, err := json.Marshal(&st)
	if err != nil {
		return err
	}
	if err := s.write(filepath.Join(s.dir, "state.json"), data); err != nil {
		return err
	}
	syncDir(s.dir)
	return nil
}
