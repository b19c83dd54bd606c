package pack

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

const fullIndex = `{
  "schema": 1,
  "default": "leaf",
  "models": {
    "leaf": {
      "title": "Bean leaf diseases",
      "versions": ["1.0.0","2.0.0-rc.1","2.0.0","10.0.0"],
      "aliases": {"field":"1.0.0","latest":"2.0.0"}
    },
    "small": {
      "versions": ["0.1.0"],
      "aliases": {}
    }
  }
}
`

func TestIndexRoundTrip(t *testing.T) {
	x, err := DecodeIndex([]byte(fullIndex))
	if err != nil {
		t.Fatal(err)
	}
	got, err := EncodeIndex(x)
	if err != nil || string(got) != fullIndex {
		t.Errorf("%v\n%s", err, got)
	}
	if x.Model("leaf").Alias("latest") != "2.0.0" || x.Model("leaf").Alias("x") != "" || x.Model("beans") != nil {
		t.Error("models or aliases are not found")
	}
}

// TestByteOrderMark: Windows editors begin a file with one.
func TestByteOrderMark(t *testing.T) {
	if x, err := DecodeIndex([]byte("\ufeff" + fullIndex)); err != nil || x.Model("leaf") == nil {
		t.Error(err)
	}
	if m, err := DecodeManifest([]byte("\ufeff" + full)); err != nil || m.Name != "leaf" {
		t.Error(err)
	}
	for _, text := range []string{"\ufeff", "\ufeff\ufeff" + fullIndex, fullIndex + "\ufeff"} {
		if _, err := DecodeIndex([]byte(text)); err == nil {
			t.Errorf("%.10q is accepted", text)
		}
	}
}

// Order in the document does not matter; a schema need not be there.
func TestIndexSorts(t *testing.T) {
	x, err := DecodeIndex([]byte(`{"models":{"b":{"versions":["10.0.0","2.0.0","2.0.0-a"]},"a":{"versions":["1.0.0"],"more":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if x.Models[0].Name != "a" || !slices.Equal(x.Models[1].Versions, []string{"2.0.0-a", "2.0.0", "10.0.0"}) {
		t.Errorf("%+v", x)
	}
}

func TestIndexRefuses(t *testing.T) {
	tests := []struct{ name, text, field, want string }{
		{"array", `[]`, "", "want an object, got an array"},
		{"empty", ``, "", "not valid JSON"},
		{"no models", `{"schema":1}`, "models", "is missing"},
		{"name", `{"models":{"Leaf":{"versions":["1.0.0"]}}}`, "models.Leaf", "lower-case"},
		{"model twice", `{"models":{"a":{"versions":["1.0.0"]},"a":{"versions":["1.0.0"]}}}`, "models.a", "twice"},
		{"no versions", `{"models":{"a":{"versions":[]}}}`, "models.a.versions", "is empty"},
		{"version", `{"models":{"a":{"versions":["one"]}}}`, "models.a.versions[0]", "semantic"},
		{"version twice", `{"models":{"a":{"versions":["1.0.0","1.0.0"]}}}`, "models.a.versions[1]", "twice"},
		{"alias of nothing", `{"models":{"a":{"versions":["1.0.0"],"aliases":{"latest":"2.0.0"}}}}`, "models.a.aliases.latest", "not among"},
		{"alias like a version", `{"models":{"a":{"versions":["1.0.0"],"aliases":{"1.0.1":"1.0.0"}}}}`, "models.a.aliases.1.0.1", "letter"},
		{"alias like a range", `{"models":{"a":{"versions":["1.0.0"],"aliases":{"^1":"1.0.0"}}}}`, "models.a.aliases.^1", "lower-case"},
		{"default", `{"default":"b","models":{"a":{"versions":["1.0.0"]}}}`, "default", "not among"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeIndex([]byte(tt.text))
			var e *Error
			if !errors.As(err, &e) || e.Code != Invalid || e.Doc != "index" || e.Field != tt.field || !strings.Contains(e.Reason, tt.want) {
				t.Fatalf("got %v, want %s %s", err, tt.field, tt.want)
			}
		})
	}
	_, err := DecodeIndex([]byte(`{"schema":2,"models":7}`))
	var e *Error
	if !errors.As(err, &e) || e.Code != Newer {
		t.Errorf("a newer index: %v", err)
	}
	_, err = EncodeIndex(&Index{Default: "b"})
	if !errors.As(err, &e) || e.Doc != "index" {
		t.Errorf("an impossible index: %v", err)
	}
}

func TestIndexAdd(t *testing.T) {
	x := &Index{}
	x.Add("leaf", "Leaves", "image-classification", "2.0.0", "latest", "stable")
	x.Add("leaf", "", "", "10.0.0", "latest")
	x.Add("leaf", "", "", "10.0.0", "latest")
	x.Add("bean", "Beans", "", "1.0.0")
	leaf := x.Model("leaf")
	if x.Default != "leaf" || x.Models[0].Name != "bean" || leaf.Title != "Leaves" || leaf.Task != "image-classification" ||
		!slices.Equal(leaf.Versions, []string{"2.0.0", "10.0.0"}) || leaf.Alias("latest") != "10.0.0" || leaf.Alias("stable") != "2.0.0" {
		t.Errorf("%+v", x)
	}
}

func TestVersions(t *testing.T) {
	// In ascending order, as semver.org's section 11 gives it, and more.
	order := []string{"0.0.0", "0.0.4", "1.0.0-0", "1.0.0-2", "1.0.0-11", "1.0.0--", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
		"1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.3", "1.10.0", "4294967295.0.0"}
	for i, a := range order {
		for j, b := range order {
			v, okV := ParseVersion(a)
			w, okW := ParseVersion(b)
			if !okV || !okW {
				t.Fatalf("%s or %s is refused", a, b)
			}
			if got := v.Compare(w); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
	for _, s := range []string{"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.x", "-1.2.3", "+1.2.3", "v1.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b",
		"1.2.3+build", "1.2.3-a_b", "4294967296.0.0", "1.2.3 ", "1.2.3-" + strings.Repeat("a", 60), "1..3", "1.2.3/.."} {
		if _, ok := ParseVersion(s); ok {
			t.Errorf("%q is accepted", s)
		}
	}
}

// FuzzDecodeIndex checks that what is accepted survives a round trip.
func FuzzDecodeIndex(f *testing.F) {
	f.Add([]byte(fullIndex))
	f.Add([]byte("\ufeff" + fullIndex))
	f.Add([]byte(`{"models":{"b":{"versions":["10.0.0","2.0.0"]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := DecodeIndex(b)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		one, err := EncodeIndex(x)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeIndex(one)
		if err != nil {
			t.Fatalf("%v\n%s", err, one)
		}
		two, err := EncodeIndex(again)
		if err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%v\n%s\n%s", err, one, two)
		}
	})
}
