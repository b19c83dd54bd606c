//go:build js

package idbstore

import (
	"errors"
	"fmt"

	"github.com/hack-pad/safejs"

	"larder/cache/store"
)

// maxRefs bounds the chunks of a record that is read: 64 GiB in chunks of 64 KiB.
const maxRefs = 1 << 20

func encodeRecord(r *store.Record) (safejs.Value, error) {
	manifest, err := jsBytes(r.Manifest)
	if err != nil {
		return manifest, err
	}
	chunks := make([]any, len(r.Chunks))
	for i, c := range r.Chunks {
		chunks[i] = map[string]any{"digest": c.Digest.String(), "size": c.Size}
	}
	return object(map[string]any{
		"name": r.Name, "version": r.Version, "manifest": manifest, "digest": r.Digest.String(), "chunks": chunks,
		"committedAt": store.Milli(r.CommittedAt), "checkedAt": store.Milli(r.CheckedAt), "usedAt": store.Milli(r.UsedAt), "hits": r.Hits,
		"manifestETag": r.ManifestETag, "pinned": r.Pinned,
	})
}

// object makes a plain object. Numbers fit in 53 bits: times until the year 287396 and
// sizes of chunks.
func object(fields map[string]any) (safejs.Value, error) {
	class, err := global("Object")
	if err != nil {
		return class, err
	}
	out, err := class.New()
	for name, v := range fields {
		if err != nil {
			return out, err
		}
		err = out.Set(name, v)
	}
	return out, err
}

func decodeRecord(v safejs.Value) (store.Record, error) {
	if v.Type() != safejs.TypeObject {
		return store.Record{}, errors.New("no object")
	}
	r := store.Record{
		Name: stringAt(v, "name"), Version: stringAt(v, "version"), ManifestETag: stringAt(v, "manifestETag"),
		CommittedAt: store.FromMilli(numberAt(v, "committedAt")), CheckedAt: store.FromMilli(numberAt(v, "checkedAt")),
		UsedAt: store.FromMilli(numberAt(v, "usedAt")), Hits: store.BoundHits(numberAt(v, "hits")), Pinned: boolAt(v, "pinned"),
	}
	var err error
	if r.Digest, err = digestAt(v, "digest"); err != nil {
		return r, err
	}
	if r.Manifest, err = bytesAt(v, "manifest", store.MaxManifest); err != nil {
		return r, err
	}
	chunks, err := v.Get("chunks")
	if err != nil {
		return r, err
	}
	err = list(chunks, func(c safejs.Value) error {
		if len(r.Chunks) == maxRefs || c.Type() != safejs.TypeObject {
			return fmt.Errorf("chunk %d is none", len(r.Chunks))
		}
		d, err := digestAt(c, "digest")
		r.Chunks = append(r.Chunks, store.Ref{Digest: d, Size: numberAt(c, "size")})
		return err
	})
	if err != nil {
		return r, err
	}
	return r, r.Validate()
}

func encodePointer(p store.Pointer) (safejs.Value, error) {
	return object(map[string]any{"name": p.Name, "selector": p.Selector, "version": p.Version, "checkedAt": store.Milli(p.CheckedAt),
		"skip": p.Skip})
}

func decodePointer(v safejs.Value) (store.Pointer, error) {
	if v.Type() != safejs.TypeObject {
		return store.Pointer{}, errors.New("no object")
	}
	p := store.Pointer{Name: stringAt(v, "name"), Selector: stringAt(v, "selector"), Version: stringAt(v, "version"),
		CheckedAt: store.FromMilli(numberAt(v, "checkedAt")), Skip: stringAt(v, "skip")}
	return p, p.Validate()
}

func encodeDocument(d store.Document) (safejs.Value, error) {
	data, err := jsBytes(d.Data)
	if err != nil {
		return data, err
	}
	return object(map[string]any{"key": d.Key, "data": data, "etag": d.ETag, "checkedAt": store.Milli(d.CheckedAt)})
}

func decodeDocument(v safejs.Value) (store.Document, error) {
	if v.Type() != safejs.TypeObject {
		return store.Document{}, errors.New("no object")
	}
	data, err := bytesAt(v, "data", store.MaxManifest)
	d := store.Document{Key: stringAt(v, "key"), Data: data, ETag: stringAt(v, "etag"), CheckedAt: store.FromMilli(numberAt(v, "checkedAt"))}
	if err == nil && d.Key == "" {
		err = errors.New("no key")
	}
	return d, err
}
