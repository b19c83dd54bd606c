package service

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"time"

	"larder/cache/registry"
	"larder/model"
	"larder/model/onnx"
	"larder/model/pack"
)

// shelf keeps what the isolate has: the index, manifests, and the models that
// are ready to run.
//
// Objects that the host has provided wait in arrived until a request uses them.
// Requests overlap between their rounds, so two may need and fetch the same
// object: the first copy is used, and a copy that nobody wants any more is
// dropped when it comes.
type shelf struct {
	opt     Options
	wanted  map[string]bool // keys that a Reply has named as a Need
	arrived map[string]Object

	index     *registry.Index
	indexETag string
	indexAt   time.Time // when the index was last fetched or found unchanged

	models  map[string]*loaded // by "name@version"
	weights int64              // bytes of the model files of models
	clock   int64              // counts uses, for the order of eviction
}

// loaded is a model that is ready to run.
type loaded struct {
	manifest *pack.Manifest
	session  *model.Session
	// classifier is nil for a model that takes tensors or scores nothing.
	classifier *model.Classifier
	bytes      int64
	used       int64
}

const indexKey = "models/" + pack.IndexFile

func newShelf(opt Options) *shelf {
	return &shelf{opt: opt, wanted: map[string]bool{}, arrived: map[string]Object{}, models: map[string]*loaded{}}
}

func (s *shelf) put(o Object) {
	if s.wanted[o.Key] {
		s.arrived[o.Key] = o
	}
}

// get returns the object of this key, which stays, or needs it. An object that
// the registry does not have is a NotFound error.
func (s *shelf) get(key, etag string) (Object, error) {
	o, ok := s.arrived[key]
	if !ok {
		s.wanted[key] = true
		return o, needError{{Key: key, ETag: etag}}
	}
	if o.State == Missing {
		s.drop(key)
		return o, &registry.Error{Code: registry.NotFound, Op: "fetch", Path: key, Detail: "the registry does not have this file"}
	}
	return o, nil
}

// drop forgets an object that has been used.
func (s *shelf) drop(key string) {
	delete(s.arrived, key)
	delete(s.wanted, key)
}

// currentIndex returns the index, asked for again once it is older than
// IndexTTL. A clock that went back counts as expiry. One that was fetched for
// this very request, whose rounds all have the same time, is never too old.
func (s *shelf) currentIndex(now time.Time) (*registry.Index, error) {
	age := now.Sub(s.indexAt)
	if s.index != nil && (age == 0 || age > 0 && age < s.opt.IndexTTL) {
		return s.index, nil
	}
	etag := ""
	if s.index != nil {
		etag = s.indexETag
	}
	o, err := s.get(indexKey, etag)
	if err != nil {
		return nil, err
	}
	s.drop(indexKey)
	if o.State == Unchanged && s.index != nil {
		s.indexAt = now
		return s.index, nil
	}
	index, err := registry.DecodeIndex(o.Bytes)
	if err != nil {
		return nil, err
	}
	s.index, s.indexETag, s.indexAt = index, o.ETag, now
	return index, nil
}

// open returns the model that name and version (exact, range, alias or "")
// stand for, ready to run.
func (s *shelf) open(name, version string, now time.Time) (*loaded, error) {
	index, err := s.currentIndex(now)
	if err != nil {
		return nil, err
	}
	selector, err := registry.ParseSelector(version)
	if err != nil {
		return nil, err
	}
	version, err = index.Resolve(name, selector)
	if err != nil {
		return nil, err
	}
	key := name + "@" + version
	m := s.models[key]
	if m == nil {
		if m, err = s.load(name, version); err != nil {
			return nil, err
		}
		s.models[key] = m
		s.weights += m.bytes
		s.evict(key)
	}
	s.clock++
	m.used = s.clock
	return m, nil
}

// load makes a model ready from its manifest and its model file. The manifest
// waits until the file is here, too: a request is handled anew after each round.
func (s *shelf) load(name, version string) (*loaded, error) {
	dir := "models/" + name + "/" + version + "/"
	o, err := s.get(dir+pack.ManifestFile, "")
	if err != nil {
		return nil, err
	}
	manifest, err := pack.DecodeManifest(o.Bytes)
	if err != nil {
		s.drop(o.Key)
		return nil, err
	}
	files, err := s.files(dir, manifest)
	if err != nil {
		return nil, err
	}
	s.drop(o.Key)
	for name := range files {
		s.drop(dir + name)
	}
	return s.prepare(manifest, files)
}

// files returns the network, the weights beside it and the tokenizer of a model of
// text, checked, by their paths; all that are not here are needed at once.
func (s *shelf) files(dir string, manifest *pack.Manifest) (map[string][]byte, error) {
	files := map[string][]byte{}
	var needs needError
	for i := range manifest.Files {
		f := &manifest.Files[i]
		if f.Path != manifest.Model.File && f.Role != pack.RoleWeights && !isTokenizer(manifest, f.Path) {
			continue
		}
		data, err := s.get(dir+f.Path, "")
		var need needError
		switch {
		case errors.As(err, &need):
			needs = append(needs, need...)
			continue
		case err != nil:
			return nil, err
		}
		if int64(len(data.Bytes)) != f.Bytes || data.SHA256 != f.SHA256.String() {
			s.drop(data.Key)
			return nil, &pack.Error{Code: pack.Corrupt, Doc: data.Key, Reason: "the bytes are not those of the manifest: upload the file again"}
		}
		files[f.Path] = data.Bytes
	}
	if len(needs) > 0 {
		return nil, needs
	}
	return files, nil
}

func isTokenizer(m *pack.Manifest, path string) bool {
	return slices.ContainsFunc(m.Inputs, func(in pack.Input) bool { return in.Text != nil && in.Text.Tokenizer == path })
}

func (s *shelf) prepare(manifest *pack.Manifest, files map[string][]byte) (*loaded, error) {
	dir := path.Dir(manifest.Model.File)
	file := func(path string) ([]byte, error) {
		b, ok := files[path]
		if !ok {
			return nil, &pack.Error{Code: pack.NotFound, Doc: path, Reason: "the package has no such file"}
		}
		return b, nil
	}
	session, err := model.Load(files[manifest.Model.File], model.Options{Engine: s.opt.Engine, External: func(location string) (onnx.Source, error) {
		b, err := file(path.Join(dir, location))
		return bytes.NewReader(b), err
	}})
	if err != nil {
		return nil, err
	}
	m := &loaded{manifest: manifest, session: session}
	for _, b := range files {
		m.bytes += int64(len(b))
	}
	if kindOf(manifest) != noKind {
		if m.classifier, err = model.NewClassifier(session, manifest, model.ClassifierOptions{File: file, Form: s.opt.Form}); err != nil {
			session.Close()
			return nil, err
		}
	}
	return m, nil
}

// evict closes the least recently used models until the rest fits; it spares
// the one just loaded.
func (s *shelf) evict(keep string) {
	for s.weights > s.opt.WeightBytes && len(s.models) > 1 {
		oldest := ""
		for key, m := range s.models {
			if key != keep && (oldest == "" || m.used < s.models[oldest].used) {
				oldest = key
			}
		}
		s.weights -= s.models[oldest].bytes
		s.models[oldest].session.Close()
		delete(s.models, oldest)
	}
}
