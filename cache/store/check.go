package store

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// The checks that every driver makes before it touches its database.

// CheckChunks reports chunks that PutChunks must refuse.
func CheckChunks(chunks []Chunk) error {
	for _, c := range chunks {
		if c.Data == nil || c.Data.Size() <= 0 || c.Data.Size() > MaxChunk {
			size := int64(0)
			if c.Data != nil {
				size = c.Data.Size()
			}
			return &Error{Code: Invalid, Op: "put", Key: c.Digest.String(), Err: fmt.Errorf("chunk of %d bytes", size)}
		}
	}
	return nil
}

// CheckCommit reports a record or pointer that Commit must refuse.
func CheckCommit(r *Record, pointers []Pointer) error {
	err := r.Validate()
	for _, p := range pointers {
		switch {
		case err != nil:
		case p.Name != r.Name || p.Version != r.Version:
			err = &Error{Code: Invalid, Op: "commit", Key: p.Key(), Err: fmt.Errorf("pointer to %q, record %q",
				RecordKey(p.Name, p.Version), RecordKey(r.Name, r.Version))}
		default:
			err = p.Validate()
		}
	}
	return err
}

// CheckDocument reports a document that PutDocument must refuse.
func CheckDocument(d *Document) error {
	if d.Key == "" || len(d.Key) > 4096 || len(d.Data) > MaxManifest {
		return &Error{Code: Invalid, Op: "put document", Key: d.Key, Err: fmt.Errorf("%d bytes", len(d.Data))}
	}
	return nil
}

// IncompleteError is the error of a Commit that misses a chunk.
func IncompleteError(r *Record, missing Digest) error {
	return &Error{Code: Incomplete, Op: "commit", Key: RecordKey(r.Name, r.Version), Err: fmt.Errorf("chunk %s is not stored", missing)}
}

// Sort puts a snapshot into the order that the contract promises and drops pointers
// that lead nowhere.
func (s *Snapshot) Sort() {
	sort.Slice(s.Records, func(i, j int) bool {
		a, b := &s.Records[i], &s.Records[j]
		return a.Name < b.Name || a.Name == b.Name && a.Version < b.Version
	})
	known := make(map[string]bool, len(s.Records))
	for i := range s.Records {
		known[RecordKey(s.Records[i].Name, s.Records[i].Version)] = true
	}
	s.Pointers = slices.DeleteFunc(s.Pointers, func(p Pointer) bool { return !known[RecordKey(p.Name, p.Version)] })
	sort.Slice(s.Pointers, func(i, j int) bool { return s.Pointers[i].Key() < s.Pointers[j].Key() })
}

// Milli writes a time as milliseconds since 1970, the form in which every backend
// stores it; the zero time is 0.
func Milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FromMilli reads what Milli wrote, in UTC.
func FromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Trim cuts the record's times to the precision that is stored.
func (r Record) Trim() Record {
	r.CommittedAt = FromMilli(Milli(r.CommittedAt))
	r.CheckedAt = FromMilli(Milli(r.CheckedAt))
	r.UsedAt = FromMilli(Milli(r.UsedAt))
	return r
}

// BoundHits returns a number of hits that was read or added up, or the nearest that a
// record may have.
func BoundHits(n int64) int64 { return min(max(n, 0), MaxHits) }

// Distinct returns the digests without repetitions, in order of first occurrence.
func Distinct(digests []Digest) []Digest {
	seen := make(map[Digest]struct{}, len(digests))
	out := make([]Digest, 0, len(digests))
	for _, d := range digests {
		if _, twice := seen[d]; !twice {
			seen[d] = struct{}{}
			out = append(out, d)
		}
	}
	return out
}

// Digests returns the distinct digests of the chunks that the record needs.
func (r *Record) Digests() []Digest {
	out := make([]Digest, len(r.Chunks))
	for i, c := range r.Chunks {
		out[i] = c.Digest
	}
	return Distinct(out)
}
