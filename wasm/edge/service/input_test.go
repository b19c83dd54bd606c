package service

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"larder/model"
	"larder/model/pre/token/form"
)

// reference is one text with what the training program computed for it.
type reference struct {
	Text   string
	Logits []float64
}

func references(t *testing.T) []reference {
	t.Helper()
	b, err := os.ReadFile("../../../model/testdata/language/1.0.0/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []reference
	if err := json.Unmarshal(b, &all); err != nil || len(all) == 0 {
		t.Fatalf("%d references: %v", len(all), err)
	}
	return all
}

const language = "/v2/models/language/classify"

func TestClassifyText(t *testing.T) {
	h, s := newHost(static), New(Options{Form: form.Normalize})
	for _, want := range references(t) {
		asJSON, _ := json.Marshal(map[string]string{"text": want.Text})
		for _, r := range []Request{{Body: []byte(want.Text)}, {Body: asJSON, JSON: true}} {
			r.Method, r.Path, r.Include, r.Now = "POST", language, "logits", noon
			reply := h.do(t, s, r)
			var got struct{ Logits struct{ Data []float64 } }
			if err := json.Unmarshal(reply.Body, &got); err != nil || reply.Status != 200 || len(got.Logits.Data) != len(want.Logits) {
				t.Fatalf("%q: %d %s (%v)", want.Text, reply.Status, reply.Body, err)
			}
			for i, v := range got.Logits.Data {
				if d := v - want.Logits[i]; d > 1e-3 || d < -1e-3 {
					t.Errorf("%q: logit %d is %v, want %v", want.Text, i, v, want.Logits[i])
				}
			}
		}
	}
}

func TestBadTexts(t *testing.T) {
	h, s := newHost(static), New(Options{Form: form.Normalize})
	for _, test := range []struct {
		name, body string
		json       bool
		want       string
	}{
		{"empty", "", false, "text"},
		{"no UTF-8", "\xff\xd8\xff\xe0", false, "UTF-8"},
		{"no JSON", "Bonjour", true, "JSON"},
		{"no text", `{"pair":"a"}`, true, `no "text"`},
		{"other member", `{"text":"a","language":"fr"}`, true, `not "language"`},
		{"not a string", `{"text":1}`, true, "JSON"},
		{"too long", strings.Repeat("a ", 1<<20), false, "at most"},
	} {
		t.Run(test.name, func(t *testing.T) {
			reply := h.do(t, s, Request{Method: "POST", Path: language, Now: noon, Body: []byte(test.body), JSON: test.json})
			var body struct{ Error string }
			if err := json.Unmarshal(reply.Body, &body); err != nil || reply.Status != 400 || !strings.Contains(body.Error, test.want) {
				t.Errorf("%d %s, want 400 and %q", reply.Status, reply.Body, test.want)
			}
		})
	}
}

func TestReadRow(t *testing.T) {
	in, err := readRow([]byte(`{"sepal width": 3.5, "petal width": 2e-1}`))
	if row, ok := in.(model.Fields); err != nil || !ok || len(row) != 2 || row["sepal width"] != 3.5 || row["petal width"] != 0.2 {
		t.Errorf("%v, %v", in, err)
	}
	for _, bad := range []string{"", "[1]", `{"a":"1"}`, `{"a":1e999}`, `{"a":1`} {
		if _, err := readRow([]byte(bad)); err == nil || toHTTP(err).status != 400 {
			t.Errorf("%q: %v, want status 400", bad, err)
		}
	}
}

func FuzzClassifyBody(f *testing.F) {
	for _, seed := range []string{`{"text":"a","pair":"b"}`, `{"a":1,"b":-2.5e3}`, `{"text":null}`, "{", "[]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, read := range []func([]byte) (model.Input, error){readTexts, readRow} {
			if in, err := read(body); (in == nil) == (err == nil) {
				t.Errorf("input %v and error %v", in, err)
			}
		}
	})
}
