package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"larder/model/pack"
)

const (
	// indexKey is the object that holds the registry's index.
	indexKey = "models/" + pack.IndexFile
	// maxObject bounds an upload. The library copies a body twice on its way to
	// the bucket, and an isolate has 128 MiB.
	maxObject = 32 << 20
	// maxOrder bounds the JSON body of an order.
	maxOrder = 4 << 10
)

// control answers the operator's calls.
type control struct {
	objects bucket
	token   func() string
}

// newHandler returns the control plane over a bucket. token returns the secret
// that callers must show; if it is empty every call is refused.
func newHandler(objects bucket, token func() string) http.Handler {
	c := &control{objects, token}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/models", c.list)
	mux.HandleFunc("PUT /control/objects/{key...}", c.upload)
	mux.HandleFunc("POST /control/models/{name}/versions", c.publish)
	mux.HandleFunc("POST /control/models/{name}/aliases", c.alias)
	return c.guard(mux)
}

// guard lets only callers with the token through. The comparison takes the same
// time whatever is wrong with the token.
func (c *control) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := c.token()
		if want == "" {
			refuse(w, http.StatusForbidden, "the control plane is off: set the secret CONTROL_TOKEN")
			return
		}
		got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
		if subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "the token is missing or wrong")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// list answers with the index as it is.
func (c *control) list(w http.ResponseWriter, r *http.Request) {
	raw, err := c.objects.get(r.Context(), indexKey, pack.MaxDocument)
	switch {
	case err != nil:
		refuse(w, http.StatusBadGateway, err.Error())
	case raw == nil:
		refuse(w, http.StatusNotFound, "the registry has no index yet: upload a package and list its version")
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Write(raw)
	}
}

// upload stores one file of a package. A manifest is checked before it is
// stored; the index is not an upload but the result of publish and alias.
func (c *control) upload(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	name, version, path, ok := splitKey(key)
	if !ok {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("the key %q is not models/NAME/VERSION/FILE", key))
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxObject))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a file has at most %d bytes here: %v", maxObject, err))
		return
	}
	if path == pack.ManifestFile {
		if err := checkManifest(data, name, version); err != nil {
			refuse(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
	}
	if err := c.objects.put(r.Context(), key, data, contentType(path)); err != nil {
		refuse(w, http.StatusBadGateway, err.Error())
		return
	}
	answer(w, http.StatusCreated, map[string]any{"key": key, "bytes": len(data)})
}

// publish lists a version whose files are all there.
func (c *control) publish(w http.ResponseWriter, r *http.Request) {
	var order struct{ Version string }
	if !readOrder(w, r, &order) {
		return
	}
	name := r.PathValue("name")
	m, err := c.complete(r, name, order.Version)
	if err != nil {
		refuse(w, statusOf(err), err.Error())
		return
	}
	c.change(w, r, func(x *pack.Index) error {
		x.Add(name, m.Title, m.Task, m.Version)
		return nil
	})
}

// alias lets a word stand for a listed version: a roll-out or a roll-back.
func (c *control) alias(w http.ResponseWriter, r *http.Request) {
	var order struct{ Alias, Version string }
	if !readOrder(w, r, &order) {
		return
	}
	name := r.PathValue("name")
	c.change(w, r, func(x *pack.Index) error {
		model := x.Model(name)
		if model == nil {
			return notFound("the registry lists no model %q", name)
		}
		for _, v := range model.Versions {
			if v == order.Version {
				x.Add(name, "", "", v, order.Alias)
				return nil
			}
		}
		return notFound("the registry lists no version %q of %s, it has %s", order.Version, name, strings.Join(model.Versions, ", "))
	})
}

// complete returns the manifest of a version after checking that every file it
// lists is in the bucket with its size. Digests are checked by whoever loads a
// file; reading them all here would not fit an isolate.
func (c *control) complete(r *http.Request, name, version string) (*pack.Manifest, error) {
	dir := "models/" + name + "/" + version + "/"
	raw, err := c.objects.get(r.Context(), dir+pack.ManifestFile, pack.MaxDocument)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, notFound("%s%s is not there: upload it first", dir, pack.ManifestFile)
	}
	m, err := pack.DecodeManifest(raw)
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		size, err := c.objects.size(r.Context(), dir+f.Path)
		if err != nil {
			return nil, err
		}
		if size < 0 {
			return nil, notFound("%s%s is not there: upload it first", dir, f.Path)
		}
		if size != f.Bytes {
			return nil, notFound("%s%s has %d bytes, the manifest says %d: upload it again", dir, f.Path, size, f.Bytes)
		}
	}
	return m, nil
}

// change rewrites the index in one put.
func (c *control) change(w http.ResponseWriter, r *http.Request, edit func(*pack.Index) error) {
	raw, err := c.objects.get(r.Context(), indexKey, pack.MaxDocument)
	index := &pack.Index{}
	if err == nil && raw != nil {
		index, err = pack.DecodeIndex(raw)
	}
	if err == nil {
		err = edit(index)
	}
	if err == nil {
		raw, err = pack.EncodeIndex(index)
	}
	if err == nil {
		err = c.objects.put(r.Context(), indexKey, raw, "application/json")
	}
	if err != nil {
		refuse(w, statusOf(err), err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(raw)
}

// splitKey takes models/NAME/VERSION/FILE apart and checks each part.
func splitKey(key string) (name, version, path string, ok bool) {
	rest, ok := strings.CutPrefix(key, "models/")
	if !ok {
		return "", "", "", false
	}
	name, rest, _ = strings.Cut(rest, "/")
	version, path, _ = strings.Cut(rest, "/")
	_, valid := pack.ParseVersion(version)
	// The manifest's own name is not a path that a manifest may list.
	file := path == pack.ManifestFile || pack.CheckPath(path) == ""
	return name, version, path, valid && file && pack.CheckName(name) == ""
}

func checkManifest(data []byte, name, version string) error {
	m, err := pack.DecodeManifest(data)
	if err != nil {
		return err
	}
	if m.Name != name || m.Version != version {
		return fmt.Errorf("the manifest is that of %s %s, not of %s %s", m.Name, m.Version, name, version)
	}
	return nil
}

func readOrder(w http.ResponseWriter, r *http.Request, order any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	d.DisallowUnknownFields()
	if err := d.Decode(order); err != nil {
		refuse(w, http.StatusBadRequest, "the order is not the JSON object that is expected: "+err.Error())
		return false
	}
	return true
}

// orderError is an order that cannot be carried out as things are.
type orderError struct{ text string }

func (e *orderError) Error() string { return e.text }

func notFound(format string, args ...any) error { return &orderError{fmt.Sprintf(format, args...)} }

func statusOf(err error) int {
	var oe *orderError
	var pe *pack.Error
	switch {
	case errors.As(err, &oe):
		return http.StatusNotFound
	case errors.As(err, &pe):
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadGateway
}

func contentType(path string) string {
	if strings.HasSuffix(path, ".json") {
		return "application/json"
	}
	return "application/octet-stream"
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]any{"error": text})
}
