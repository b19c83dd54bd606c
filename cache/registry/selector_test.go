package registry_test

import (
	"errors"
	"strings"
	"testing"

	"larder/cache/registry"
)

func TestResolve(t *testing.T) {
	ix, err := registry.DecodeIndex([]byte(`{"schema":1,"models":{"leaf":{
		"versions":["0.0.3","0.0.4","0.1.0","0.2.0","0.2.5","1.0.0","1.1.0","1.1.5","1.10.0","2.0.0-rc.1","2.0.0-rc.2","2.0.0","2.1.0-beta.1","3.0.0-alpha"],
		"aliases":{"stable":"1.1.0"}},
		"pre":{"versions":["1.0.0-a","1.0.0-b"]},
		"pinned":{"versions":["1.0.0","2.0.0"],"aliases":{"latest":"1.0.0"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, selector, want string }{
		{"leaf", "", "2.0.0"},
		{"leaf", "latest", "2.0.0"},
		{"pre", "", "1.0.0-b"},
		{"pinned", "", "1.0.0"},
		{"pinned", "^2", "2.0.0"},
		{"leaf", "stable", "1.1.0"},
		{"leaf", "1.0.0", "1.0.0"},
		{"leaf", "3.0.0-alpha", "3.0.0-alpha"},
		{"leaf", "^1", "1.10.0"},
		{"leaf", "^1.1", "1.10.0"},
		{"leaf", "^1.1.5", "1.10.0"},
		{"leaf", "^0", "0.2.5"},
		{"leaf", "^0.1", "0.1.0"},
		{"leaf", "^0.2.1", "0.2.5"},
		{"leaf", "^0.0", "0.0.4"},
		{"leaf", "^0.0.3", "0.0.3"},
		{"leaf", "~1.1", "1.1.5"},
		{"leaf", "~1.1.1", "1.1.5"},
		{"leaf", "~1", "1.10.0"},
		{"leaf", "~0.2.0", "0.2.5"},
		{"leaf", "1", "1.10.0"},
		{"leaf", "1.1", "1.1.5"},
		{"leaf", "0", "0.2.5"},
		{"leaf", "2", "2.0.0"},
		{"leaf", "^2.0.0-rc.1", "2.0.0"},
		{"leaf", "~2.1.0-beta.1", "2.1.0-beta.1"},
		{"leaf", "^2.1", ""},
		{"leaf", "^3", ""},
		{"leaf", "^3.0.0-alpha", "3.0.0-alpha"},
		{"leaf", "9.9.9", ""},
		{"leaf", "beta", ""},
		{"leaf", "^1.11", ""},
	} {
		t.Run(c.name+"@"+c.selector, func(t *testing.T) {
			s, err := registry.ParseSelector(c.selector)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ix.Resolve(c.name, s)
			if got != c.want || (err != nil) != (c.want == "") || c.want == "" && registry.CodeOf(err) != registry.NotFound {
				t.Fatalf("got %q, want %q (%v)", got, c.want, err)
			}
		})
	}
}

func TestParseSelectorInvalid(t *testing.T) {
	for _, s := range []string{" ", "^", "~", "^^1", "^x", "1.2.3.4", "1.", ".1", "-1", "01", "^01", ">=1", "1 - 2", "*", "^1.2.3+build",
		"Latest", "../x", "a@b", strings.Repeat("9", 100), "^99999999999999999999.0.0", "^1-rc", "1.2.x"} {
		if got, err := registry.ParseSelector(s); registry.CodeOf(err) != registry.InvalidInput {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
}

func TestNear(t *testing.T) {
	ix, err := registry.DecodeIndex([]byte(`{"schema":1,"models":{"leaf":{"versions":["1.0.0","1.1.0"]},"leaf-small":{"versions":["1.0.0"]},"river":{"versions":["1.0.0"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, selector, near string }{
		{"leef", "", "leaf"},
		{"leafsmall", "", "leaf leaf-small"},
		{"zebra-finch", "", "leaf leaf-small river"},
		{"leaf", "^7", "1.1.0 1.0.0"},
	} {
		s, _ := registry.ParseSelector(c.selector)
		_, err := ix.Resolve(c.name, s)
		var e *registry.Error
		if !errors.As(err, &e) || strings.Join(e.Near, " ") != c.near {
			t.Errorf("%s: %v: near %q, want %q", c.name, err, e.Near, c.near)
		}
	}
}

func FuzzSelector(f *testing.F) {
	for _, s := range []string{"", "^0.2", "~1.2.3-rc.1", "1", "stable", "1.2.3"} {
		f.Add(s, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		s, err := registry.ParseSelector(text)
		if err != nil {
			return
		}
		s.Match(version)
		if again, err := registry.ParseSelector(s.String()); err != nil || again != s {
			t.Fatalf("%q is not stable: %v", text, err)
		}
	})
}

func TestParseContentRange(t *testing.T) {
	for _, c := range []struct {
		header string
		want   registry.Range
		total  int64
	}{
		{"bytes 0-99/1234", registry.Range{Start: 0, End: 100}, 1234},
		{"bytes 5-5/*", registry.Range{Start: 5, End: 6}, -1},
		{"", registry.Range{}, -1},
		{"bytes */1234", registry.Range{}, -1},
		{"bytes 9-5/10", registry.Range{}, -1},
		{"bytes 0-99/50", registry.Range{}, -1},
		{"bytes -1-5/10", registry.Range{}, -1},
		{"items 0-1/2", registry.Range{}, -1},
		{"bytes 0-9223372036854775807/*", registry.Range{}, -1},
	} {
		if got, total := registry.ParseContentRange(c.header); got != c.want || total != c.total {
			t.Errorf("%q: %v, %d", c.header, got, total)
		}
	}
}
