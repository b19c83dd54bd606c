package main

import (
	"context"
	"path"

	"larder/cache"
	"larder/model"
	"larder/model/onnx"
	"larder/model/pack"
	"larder/model/pre/token"
	"larder/wasm/message"
)

func (s *server) load(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeLoad(c.params)
	l, err := s.after(err)
	if err != nil {
		return result{}, err
	}
	tell := s.progress(c.id)
	var stale []cache.GetOption
	if p.AllowStale {
		stale = append(stale, cache.AllowStale)
	}
	entry, err := l.cache.Get(ctx, p.Model, p.Version, tell.Cache, stale...)
	if err != nil {
		return result{}, err
	}
	m, had, err := s.shelf.Take(ctx, entry.Digest.String(), s.withRoom(func() (*loaded, error) {
		machine, err := s.host.Engine(ctx, l.threads)
		if err != nil {
			return nil, err
		}
		return loadEntry(ctx, entry, machine, s.host.Form, tell)
	}))
	if err != nil {
		entry.Release()
		return result{}, err
	}
	h := &handle{model: m, entry: entry, version: describeEntry(entry, m.manifest)}
	source := string(entry.Source)
	if had {
		source = message.SourceMemory
	}
	n := s.handles.Add(h)
	out := result{tree: s.describe(n, h, source)}
	if had && entry.Freshness == cache.Fresh && !l.listens.Load() {
		// Who holds a model and loads it again for a while does not take the reply with him.
		out.lasting = &lasting{handle: s.handles.Oldest(n), shared: true, until: entry.NextRefresh, count: entry.Again}
	}
	return out, nil
}

// loadEntry makes a session of a version in the cache. It joins the two trees:
// the cache knows bytes, the model what they mean.
func loadEntry(ctx context.Context, e *cache.Entry, with machine, form token.Form, tell *progress) (*loaded, error) {
	m := &loaded{machine: with}
	if e.Plain() {
		return m, m.plain(ctx, e, tell)
	}
	var err error
	if m.manifest, err = pack.DecodeManifest(e.Manifest()); err != nil {
		return nil, err
	}
	files := &entryFiles{ctx: ctx, entry: e, tell: tell, dir: path.Dir(m.manifest.Model.File), open: map[string]*cache.Reader{}}
	defer files.Close()
	file, err := files.get(m.manifest.Model.File)
	if err != nil {
		return nil, err
	}
	tell.Prepare(file.name, 0, file.Size())
	m.session, err = model.Open(file, model.Options{Engine: with.engine, External: files.External})
	if err != nil {
		return nil, err
	}
	if hasLabels(m.manifest) {
		if m.classifier, err = model.NewClassifier(m.session, m.manifest, model.ClassifierOptions{File: files.whole, Form: form}); err != nil {
			m.session.Close()
			return nil, err
		}
	}
	tell.Prepare(file.name, file.Size(), file.Size())
	m.bytes = files.bytes
	return m, nil
}

// plain makes a session of a file that has no manifest.
func (m *loaded) plain(ctx context.Context, e *cache.Entry, tell *progress) error {
	r, err := e.Reader(ctx, cache.PlainFile, tell.Cache)
	if err != nil {
		return err
	}
	tell.Prepare(cache.PlainFile, 0, r.Size())
	if m.session, err = model.Open(r, model.Options{Engine: m.machine.engine}); err != nil {
		return err
	}
	r.Close()
	r.Attend(context.Background())
	tell.Prepare(cache.PlainFile, r.Size(), r.Size())
	m.bytes = r.Size()
	return nil
}

func hasLabels(m *pack.Manifest) bool {
	for i := range m.Outputs {
		if len(m.Outputs[i].Labels) > 0 {
			return true
		}
	}
	return false
}

// entryFiles opens verified files of a version, each once.
type entryFiles struct {
	ctx   context.Context
	entry *cache.Entry
	tell  *progress
	dir   string // of the network; external weights are named relative to it
	open  map[string]*cache.Reader
	bytes int64
}

// entryFile is a file of a version.
type entryFile struct {
	*cache.Reader
	name string
}

func (f *entryFiles) get(name string) (entryFile, error) {
	r := f.open[name]
	if r == nil {
		var err error
		if r, err = f.entry.Reader(f.ctx, name, f.tell.Cache); err != nil {
			return entryFile{}, err
		}
		f.open[name] = r
		f.bytes += r.Size()
	}
	return entryFile{r, name}, nil
}

// whole reads all of a file.
func (f *entryFiles) whole(name string) ([]byte, error) {
	file, err := f.entry.File(f.ctx, name, f.tell.Cache)
	if err != nil {
		return nil, err
	}
	f.bytes += file.Size()
	return file.Bytes()
}

// External serves weights that lie beside the network. The location comes from
// the network's file: the manifest's list, which the cache looks it up in, is
// what keeps it inside the package.
func (f *entryFiles) External(location string) (onnx.Source, error) {
	return f.get(path.Join(f.dir, location))
}

// Close ends the load: what is read later is read for a run.
func (f *entryFiles) Close() {
	for _, r := range f.open {
		r.Close()
		r.Attend(context.Background())
	}
}
