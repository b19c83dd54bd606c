//go:build js

package bridge

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hack-pad/safejs"
)

func equalTree(t testing.TB, v safejs.Value, want any) {
	t.Helper()
	got, err := ToGo(v)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestTree(t *testing.T) {
	tests := []struct {
		name, source string
		want         any
	}{
		{"null", `null`, nil},
		{"undefined", `undefined`, nil},
		{"text", `"grün 🌱"`, "grün 🌱"},
		{"empty", `({a: [], b: {}})`, map[string]any{"a": []any{}, "b": map[string]any{}}},
		{"nested", `({id: 1, p: {q: [true, -0.5, "x", [null]]}})`,
			map[string]any{"id": 1.0, "p": map[string]any{"q": []any{true, -0.5, "x", []any{nil}}}}},
		{"no prototype", `Object.assign(Object.create(null), {a: 1})`, map[string]any{"a": 1.0}},
		{"sparse array", `[,1]`, []any{nil, 1.0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := eval(t, tt.source)
			equalTree(t, v, tt.want)
		})
	}
}

func TestTreeKeepsObjects(t *testing.T) {
	for _, source := range []string{`new Uint8Array(3)`, `new Map()`, `new Date(0)`, `new ArrayBuffer(1)`, `() => 1`, `10n`, `new (class A {})`, `Symbol("x")`} {
		v := eval(t, source)
		got, err := ToGo(v)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		same, ok := got.(safejs.Value)
		if !ok || !same.Equal(v) {
			t.Errorf("%s became %#v", source, got)
		}
	}
}

func TestTreeRefuses(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"cyclic", `(() => { const a = []; a.push(a); return a })()`, "nested too deeply"},
		{"deep", `JSON.parse("[".repeat(40) + "]".repeat(40))`, "nested too deeply"},
		{"huge array", `new Array(2 ** 32 - 1)`, "entries"},
		{"long text", `"x".repeat(100 << 20)`, "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ToGo(eval(t, tt.source))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.100v, error %v, want %q", got, err, tt.want)
			}
		})
	}
}
