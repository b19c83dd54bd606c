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
	if err != nil {
		return result{}, err
	}
	l, err := s.opened()
	if err != nil {
		return result{}, err
	}
	tell := s.progress(c.id)
	entry, err := l.cache.Get(ctx, p.Model, p.Version, tell.Cache)
	if err != nil {
		return result{}, err
	}
	m, had, err := s.shelf.Take(ctx, entry.Digest.String(), func() (*loaded, error) {
		machine, err := s.host.Engine(ctx, l.threads)
		if err != nil {
			return nil, err
		}
		return loadEntry(ctx, entry, machine, s.host.Form, tell)
	})
	if err != nil {
		entry.Release()
		return result{}, err
	}
	h := &handle{model: m, entry: entry, version: describeEntry(entry, m.manifest)}
	info := s.describe(s.handles.Add(h), h)
	info.Source = string(entry.Source)
	if had {
		info.Source = message.SourceMemory
	}
	return result{tree: info.Encode()}, nil
}

// loadEntry makes a session of a version in the cache. It joins the two trees:
// the cache knows bytes, the model what they mean.
func loadEntry(ctx context.Context, e *cache.Entry, with machine, form token.Form, tell *progress) (*loaded, error) {
	m := &loaded{machine: with}
	var err error
	if m.manifest, err = pack.DecodeManifest(e.Manifest()); err != nil {
		return nil, err
	}
	files := &entryFiles{ctx: ctx, entry: e, tell: tell, dir: path.Dir(m.manifest.Model.File), read: map[string][]byte{}}
	data, err := files.get(m.manifest.Model.File)
	if err != nil {
		return nil, err
	}
	tell.Prepare(m.manifest.Model.File, 0, int64(len(data)))
	m.session, err = model.Load(data, model.Options{Engine: with.engine, External: files.External})
	if err != nil {
		return nil, err
	}
	if hasLabels(m.manifest) {
		if m.classifier, err = model.NewClassifier(m.session, m.manifest, model.ClassifierOptions{File: files.get, Form: form}); err != nil {
			m.session.Close()
			return nil, err
		}
	}
	tell.Prepare(m.manifest.Model.File, int64(len(data)), int64(len(data)))
	m.bytes = files.bytes
	return m, nil
}

func hasLabels(m *pack.Manifest) bool {
	for i := range m.Outputs {
		if len(m.Outputs[i].Labels) > 0 {
			return true
		}
	}
	return false
}

// entryFiles reads verified files of a version, each once.
type entryFiles struct {
	ctx   context.Context
	entry *cache.Entry
	tell  *progress
	dir   string // of the network; external weights are named relative to it
	read  map[string][]byte
	bytes int64
}

func (f *entryFiles) get(name string) ([]byte, error) {
	if b, ok := f.read[name]; ok {
		return b, nil
	}
	file, err := f.entry.File(f.ctx, name, f.tell.Cache)
	if err != nil {
		return nil, err
	}
	b, err := file.Bytes()
	if err != nil {
		return nil, err
	}
	f.read[name] = b
	f.bytes += int64(len(b))
	return b, nil
}

// External serves weights that lie beside the network. The location comes from
// the network's file: the manifest's list, which the cache looks it up in, is
// what keeps it inside the package.
func (f *entryFiles) External(location string, offset, length int64) ([]byte, error) {
	name := path.Join(f.dir, location)
	b, err := f.get(name)
	if err != nil {
		return nil, err
	}
	if offset < 0 || length < 0 || offset > int64(len(b)) || length > int64(len(b))-offset {
		return nil, &onnx.Error{Code: onnx.Malformed, Reason: "external data goes beyond the end of " + name}
	}
	return b[offset : offset+length], nil
}
