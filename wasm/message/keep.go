package message

// Pin holds the parameters of [MethodCachePin].
type Pin struct {
	Model   string
	Version string // exact; empty for the one that answers to the bare name
	Pinned  bool
}

// Encode returns the parameters as a message tree.
func (p Pin) Encode() map[string]any {
	return map[string]any{"model": p.Model, "version": p.Version, "pinned": p.Pinned}
}

// DecodePin reads the parameters of [MethodCachePin].
func DecodePin(v any) (Pin, error) {
	var err error
	f := open("pin", v, &err)
	return Pin{Model: f.must("model", maxName), Version: f.text("version", maxName), Pinned: f.flag("pinned")}, err
}

// Import holds the parameters of [MethodCacheImport].
type Import struct {
	File any // a Blob, an ArrayBuffer or a view of one: not looked at here
}

// Encode returns the parameters as a message tree.
func (p Import) Encode() map[string]any { return map[string]any{"file": p.File} }

// DecodeImport reads the parameters of [MethodCacheImport].
func DecodeImport(v any) (Import, error) {
	var err error
	f := open("import", v, &err)
	p := Import{File: f.m["file"]}
	if p.File == nil {
		f.fail("file", "is missing")
	}
	return p, err
}

// Exported is the result of [MethodCacheExport].
type Exported struct {
	File any    // a Blob
	Name string // what to call the file
}

// Encode returns the result as a message tree.
func (e Exported) Encode() map[string]any { return map[string]any{"file": e.File, "name": e.Name} }

// DecodeExported reads the result of [MethodCacheExport].
func DecodeExported(v any) (Exported, error) {
	var err error
	f := open("export", v, &err)
	e := Exported{File: f.m["file"], Name: f.must("name", maxURL)}
	if e.File == nil {
		f.fail("file", "is missing")
	}
	return e, err
}

// Verified is the result of [MethodCacheVerify]: what came of reading every stored
// chunk of a model.
type Verified struct {
	Chunks   int64 // that were looked at, each once
	Bytes    int64 // of these
	Corrupt  int64 // chunks with other bytes than they should have; they were deleted
	Missing  int64 // chunks that were gone
	Repaired int64 // of the corrupt and missing ones, those that came anew from the registry
}

func (r *Verified) counters() map[string]*int64 {
	return map[string]*int64{"chunks": &r.Chunks, "bytes": &r.Bytes, "corrupt": &r.Corrupt, "missing": &r.Missing, "repaired": &r.Repaired}
}

// Encode returns the result as a message tree.
func (r Verified) Encode() map[string]any {
	m := map[string]any{}
	for name, n := range r.counters() {
		m[name] = *n
	}
	return m
}

// DecodeVerified reads the result of [MethodCacheVerify].
func DecodeVerified(v any) (Verified, error) {
	var err error
	var r Verified
	f := open("verified", v, &err)
	for name, n := range r.counters() {
		*n = f.count(name)
	}
	return r, err
}

// Room is what a browser says about a site's storage. larder.js adds it to the result of
// cache.stats: parts of it only a page may ask.
type Room struct {
	Usage, Quota int64 // bytes; -1 if the browser does not say
	Persisted    *bool // whether it promised not to clear it; nil if it does not say
}

// Encode returns what larder.js adds.
func (r Room) Encode() map[string]any {
	m := map[string]any{"usage": nil, "quota": nil, "persisted": nil}
	if r.Usage >= 0 {
		m["usage"] = r.Usage
	}
	if r.Quota >= 0 {
		m["quota"] = r.Quota
	}
	if r.Persisted != nil {
		m["persisted"] = *r.Persisted
	}
	return m
}

// DecodeRoom reads what larder.js added.
func DecodeRoom(v any) (Room, error) {
	var err error
	f := open("stats", v, &err)
	r := Room{Usage: -1, Quota: -1}
	if f.has("usage") {
		r.Usage = f.count("usage")
	}
	if f.has("quota") {
		r.Quota = f.count("quota")
	}
	if f.has("persisted") {
		persisted := f.flag("persisted")
		r.Persisted = &persisted
	}
	if err != nil {
		return Room{}, err
	}
	return r, nil
}
