package message

// CacheEntry describes one version that is stored. Times are RFC 3339 in UTC,
// null where there is none.
type CacheEntry struct {
	Model     Version
	Bytes     int64    // of its chunks, those shared with other versions included
	Committed string   // when it became complete here
	Used      string   // when it was last asked for
	Pinned    bool     // never evicted
	URL       string   // of the file that it was made of, if there was no manifest
	Selectors []string // what leads to this version: "latest", "^1" …
	InUse     int      // leases on it in this worker
	Hits      int64    // requests that it answered without a download, of all workers
}

// Encode returns the entry as a message tree.
func (e CacheEntry) Encode() map[string]any {
	return map[string]any{"model": e.Model.Encode(), "bytes": e.Bytes, "committedAt": orNull(e.Committed),
		"usedAt": orNull(e.Used), "pinned": e.Pinned, "selectors": anys(e.Selectors), "inUse": e.InUse, "hits": e.Hits,
		"url": orNull(e.URL)}
}

// CacheList is the result of [MethodCacheList], [MethodCacheRefresh], [MethodCacheRenew] and [MethodCacheImport].
type CacheList struct {
	Entries []CacheEntry // by name, newest version first
}

// Encode returns the list as a message tree.
func (l CacheList) Encode() map[string]any {
	return map[string]any{"entries": encodeEach(len(l.Entries), func(i int) map[string]any { return l.Entries[i].Encode() })}
}

// DecodeCacheList reads a list.
func DecodeCacheList(v any) (CacheList, error) {
	var err error
	f := open("cache", v, &err)
	l := CacheList{Entries: each(f, "entries", maxList, func(f fields) CacheEntry {
		return CacheEntry{Model: decodeVersion(f.object("model")), Bytes: f.count("bytes"), Committed: f.text("committedAt", maxName),
			Used: f.text("usedAt", maxName), Pinned: f.flag("pinned"), Selectors: f.texts("selectors", maxList, maxName),
			InUse: int(f.count("inUse")), Hits: f.count("hits"), URL: f.text("url", maxURL)}
	})}
	return l, err
}

// CacheStats is the result of [MethodCacheStats]: counters since the worker
// started, and sizes now.
type CacheStats struct {
	Storage         string // one of the Storage constants
	MemoryHits      int64  // requests that memory answered
	StoreHits       int64  // that the store answered
	RegistryLoads   int64  // that needed a download
	Revalidations   int64  // questions to the registry whether a version is current
	NotModified     int64  // of these, answered with "yes"
	StaleServed     int64  // answers given without the registry's word
	CorruptChunks   int64  // found and thrown away
	Failures        int64  // requests that ended in an error
	Requests        int64  // HTTP requests, retries included
	BytesDownloaded int64  // of chunks
	BytesReused     int64  // of chunks that a new version shares with stored ones
	MemoryBytes     int64  // of verified files held in memory
	MemoryBudget    int64  // the bound of MemoryBytes for models not in use
	MemoryEntries   int64  // versions held in memory
	Leases          int64  // of versions in use
	StoreBytes      int64  // of all stored chunks
	StoreChunks     int64  // stored chunks
	StoreVersions   int64  // stored versions
	Tiers           map[string]Tier
}

// counters pairs each number with its name in a message.
func (s *CacheStats) counters() map[string]*int64 {
	return map[string]*int64{
		"memoryHits": &s.MemoryHits, "storeHits": &s.StoreHits, "registryLoads": &s.RegistryLoads,
		"revalidations": &s.Revalidations, "notModified": &s.NotModified, "staleServed": &s.StaleServed,
		"corruptChunks": &s.CorruptChunks, "failures": &s.Failures, "requests": &s.Requests,
		"bytesDownloaded": &s.BytesDownloaded, "bytesReused": &s.BytesReused,
		"memoryBytes": &s.MemoryBytes, "memoryBudget": &s.MemoryBudget, "memoryEntries": &s.MemoryEntries,
		"leases": &s.Leases, "storeBytes": &s.StoreBytes, "storeChunks": &s.StoreChunks, "storeVersions": &s.StoreVersions,
	}
}

// Encode returns the stats as a message tree.
func (s CacheStats) Encode() map[string]any {
	m := map[string]any{"storage": s.Storage}
	for name, n := range s.counters() {
		m[name] = *n
	}
	m["tiers"] = encodeTiers(s.Tiers)
	return m
}

// DecodeCacheStats reads stats.
func DecodeCacheStats(v any) (CacheStats, error) {
	var err error
	f := open("stats", v, &err)
	s := CacheStats{Storage: f.text("storage", maxName)}
	for name, n := range s.counters() {
		*n = f.count(name)
	}
	s.Tiers = decodeTiers(f)
	if err != nil {
		return CacheStats{}, err
	}
	return s, nil
}

// Shrunk is the result of [MethodCacheShrink].
type Shrunk struct {
	Bytes int64 // that were let go
}

// Encode returns the result as a message tree.
func (s Shrunk) Encode() map[string]any { return map[string]any{"bytes": s.Bytes} }

// DecodeShrunk reads the result of [MethodCacheShrink].
func DecodeShrunk(v any) (Shrunk, error) {
	var err error
	f := open("shrunk", v, &err)
	return Shrunk{Bytes: f.count("bytes")}, err
}

// CacheEvent is the data of the event [EventCache].
type CacheEvent struct {
	Kind    string // as in larder.d.ts
	Time    string // RFC 3339
	Name    string // of the model
	Version string // may be empty
	Bytes   int64  // transferred, freed or found corrupt
	Code    string // of a failure
	Message string // more, for people
	// Elsewhere: another tab or worker did it to the store that all share.
	Elsewhere bool
}

// Encode returns the event as a message tree.
func (e CacheEvent) Encode() map[string]any {
	return map[string]any{"kind": e.Kind, "time": e.Time, "name": e.Name, "version": orNull(e.Version), "bytes": e.Bytes,
		"code": orNull(e.Code), "message": orNull(e.Message), "elsewhere": e.Elsewhere}
}

// DecodeCacheEvent reads an event's data.
func DecodeCacheEvent(v any) (CacheEvent, error) {
	var err error
	f := open("event", v, &err)
	e := CacheEvent{Kind: f.must("kind", maxName), Time: f.text("time", maxName), Name: f.text("name", maxName),
		Version: f.text("version", maxName), Bytes: f.count("bytes"), Code: f.text("code", maxName), Message: f.text("message", maxText), Elsewhere: f.flag("elsewhere")}
	return e, err
}
