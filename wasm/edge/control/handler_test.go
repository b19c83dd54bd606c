package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"larder/model/pack"
)

const token = "correct horse"

// memory is a bucket in a map: the handler's own logic is what is tested here;
// the R2 bucket is exercised in workerd.
type memory map[string][]byte

func (m memory) get(_ context.Context, key string, _ int64) ([]byte, error) { return m[key], nil }

func (m memory) size(_ context.Context, key string) (int64, error) {
	if b, ok := m[key]; ok {
		return int64(len(b)), nil
	}
	return -1, nil
}

func (m memory) put(_ context.Context, key string, data []byte, _ string) error {
	m[key] = data
	return nil
}

func call(t *testing.T, h http.Handler, method, path, auth, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// fill uploads a package of one tiny file through the handler.
func fill(t *testing.T, h http.Handler, version string) {
	t.Helper()
	data := "not really a network"
	file, err := pack.Cut(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	file.Path, file.Role = "model.onnx", pack.RoleModel
	m := &pack.Manifest{
		Name: "toy", Version: version, Created: time.Unix(1700000000, 0).UTC(), Title: "Toy", Task: "tensor", Files: []pack.File{file},
		Model:   pack.Model{Format: "onnx", File: "model.onnx"},
		Inputs:  []pack.Input{{Name: "x", Type: "float32", Dims: []pack.Dim{{Size: 1}}}},
		Outputs: []pack.Output{{Name: "y"}},
	}
	raw, err := pack.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"model.onnx": data, "manifest.json": string(raw)} {
		code, text := call(t, h, "PUT", "/control/objects/models/toy/"+version+"/"+path, "Bearer "+token, body)
		if code != http.StatusCreated {
			t.Fatalf("upload of %s: %d %s", path, code, text)
		}
	}
}

func TestRollOutAndBack(t *testing.T) {
	objects := memory{}
	h := newHandler(objects, func() string { return token })
	order := func(path, body string, want int) string {
		t.Helper()
		code, text := call(t, h, "POST", path, "Bearer "+token, body)
		if code != want {
			t.Fatalf("POST %s %s: %d %s, want %d", path, body, code, text, want)
		}
		return text
	}
	fill(t, h, "1.0.0")
	fill(t, h, "1.1.0")
	order("/control/models/toy/aliases", `{"alias":"latest","version":"1.0.0"}`, 404) // not listed yet
	order("/control/models/toy/versions", `{"version":"1.0.0"}`, 200)
	order("/control/models/toy/versions", `{"version":"1.1.0"}`, 200)
	for _, v := range []string{"1.1.0", "1.0.0"} {
		text := order("/control/models/toy/aliases", `{"alias":"latest","version":"`+v+`"}`, 200)
		x, err := pack.DecodeIndex([]byte(text))
		if err != nil || x.Model("toy").Alias("latest") != v {
			t.Fatalf("latest is not %s in %s (%v)", v, text, err)
		}
	}
	if code, text := call(t, h, "GET", "/control/models", "Bearer "+token, ""); code != 200 || text != string(objects[indexKey]) {
		t.Errorf("list: %d %s", code, text)
	}
}

func TestPublishWantsEveryFile(t *testing.T) {
	objects := memory{}
	h := newHandler(objects, func() string { return token })
	fill(t, h, "1.0.0")
	for _, test := range []struct {
		name   string
		damage func()
	}{
		{"short file", func() { objects["models/toy/1.0.0/model.onnx"] = []byte("short") }},
		{"missing file", func() { delete(objects, "models/toy/1.0.0/model.onnx") }},
		{"missing manifest", func() { delete(objects, "models/toy/1.0.0/manifest.json") }},
	} {
		test.damage()
		if code, text := call(t, h, "POST", "/control/models/toy/versions", "Bearer "+token, `{"version":"1.0.0"}`); code != 404 {
			t.Errorf("%s: %d %s", test.name, code, text)
		}
		if objects[indexKey] != nil {
			t.Errorf("%s: the index was written", test.name)
		}
	}
}

func TestRefusals(t *testing.T) {
	objects := memory{}
	h := newHandler(objects, func() string { return token })
	off := newHandler(objects, func() string { return "" })
	for _, test := range []struct {
		name               string
		h                  http.Handler
		method, path, auth string
		body               string
		want               int
	}{
		{"no token", h, "GET", "/control/models", "", "", 401},
		{"wrong token", h, "GET", "/control/models", "Bearer wrong", "", 401},
		{"no secret", off, "GET", "/control/models", "Bearer ", "", 403},
		{"empty registry", h, "GET", "/control/models", "Bearer " + token, "", 404},
		{"outside models", h, "PUT", "/control/objects/secrets/a/1.0.0/x", "Bearer " + token, "x", 400},
		{"parent folder", h, "PUT", "/control/objects/models/a/1.0.0/..%2Fx", "Bearer " + token, "x", 400},
		{"bad version", h, "PUT", "/control/objects/models/a/one/x", "Bearer " + token, "x", 400},
		{"bad manifest", h, "PUT", "/control/objects/models/a/1.0.0/manifest.json", "Bearer " + token, "{}", 422},
		{"not JSON", h, "POST", "/control/models/a/versions", "Bearer " + token, "version", 400},
		{"unknown member", h, "POST", "/control/models/a/versions", "Bearer " + token, `{"v":1}`, 400},
		{"wrong method", h, "DELETE", "/control/models", "Bearer " + token, "", 405},
	} {
		if code, text := call(t, test.h, test.method, test.path, test.auth, test.body); code != test.want {
			t.Errorf("%s: %d %s, want %d", test.name, code, text, test.want)
		}
	}
	if len(objects) != 0 {
		t.Errorf("a refused call stored %v", objects)
	}
}
