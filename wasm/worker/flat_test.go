package main

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func numbered(i int) (any, error) {
	if i < 0 || i > 9 {
		return nil, fmt.Errorf("there is no thing %d", i)
	}
	return fmt.Sprint("thing ", i), nil
}

// marked writes the mark where text has a ^.
func marked(text string) string { return strings.ReplaceAll(text, "^", "\x7f") }

func TestReadFlat(t *testing.T) {
	tests := []struct {
		name, text string
		want       any
	}{
		{"null", "null", nil},
		{"number", "-1.5e3", -1500.0},
		{"text", `"a\u00e9\n"`, "aé\n"},
		{"no text", `""`, ""},
		{"thing", `"^3"`, "thing 3"},
		{"text behind a mark", `"^^3"`, "\x7f3"},
		{"mark", `"^^"`, "\x7f"},
		{"lists", `[[], [true, "^0"]]`, []any{[]any{}, []any{true, "thing 0"}}},
		{"a request", `{"id":7,"method":"run","params":{"inputs":{"x":{"dims":[1,2],"type":"int64","data":"^1"}},"none":null}}`, map[string]any{
			"id": 7.0, "method": "run",
			"params": map[string]any{"none": nil, "inputs": map[string]any{"x": map[string]any{"dims": []any{1.0, 2.0}, "type": "int64", "data": "thing 1"}}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			again(t, tt.want)
			if got, err := readFlat(marked(tt.text), numbered); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, %v; want %#v", got, err, tt.want)
			}
		})
	}
}

func TestReadFlatInvalid(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "message"},
		{"cut", `{"id":`, "message"},
		{"deep", strings.Repeat("[", 100000), "nested deeper than 16"},
		{"a thing that is not there", `"^10"`, "no thing 10"},
		{"a thing without a number", `"^x"`, "invalid syntax"},
		{"no JSON", "{id:1}", "message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readFlat(marked(tt.text), numbered)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want an error with %q", got, err, tt.want)
			}
		})
	}
}

// again writes a tree and reads it.
func again(t *testing.T, tree any) {
	t.Helper()
	text, things := writeFlat(nil, tree)
	got, err := readFlat(string(text), func(i int) (any, error) { return things[i-1], nil })
	if err != nil || !reflect.DeepEqual(got, tree) {
		t.Errorf("%#v was written as %q and read as %#v, %v", tree, text, got, err)
	}
}

func TestWriteFlat(t *testing.T) {
	bytes := []byte{1}
	tests := []struct {
		name string
		tree any
		want string
	}{
		{"nothing", nil, "null"},
		{"numbers", []any{1, int64(-1 << 53), 0.1, 1e21, 1e-7, true}, `[1,-9007199254740992,0.1,1e+21,1e-07,true]`},
		{"text", "a\"\\\n\t\x00\x1fé^", `"a\"\\\n\u0009\u0000\u001fé^"`},
		{"text that begins with the mark", "\x7f1", `"^^1"`},
		{"a name that begins with the mark", map[string]any{"\x7f": 1}, `{"^":1}`},
		{"empty ones", []any{[]any{}, map[string]any{}, ""}, `[[],{},""]`},
		{"things", []any{bytes, map[string]any{"x": bytes}}, `["^1",{"x":"^2"}]`},
		{"no number", []any{math.NaN(), math.Inf(-1)}, `["^1","^2"]`},
		{"written before", []any{written(`{"a":1}`)}, `[{"a":1}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := marked(tt.want)
			if tt.name == "text" {
				want = tt.want
			}
			if got, _ := writeFlat([]byte("before"), tt.tree); string(got) != "before"+want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	if _, things := writeFlat(nil, []any{1, bytes, "x", 'x'}); len(things) != 2 || !reflect.DeepEqual(things, []any{bytes, 'x'}) {
		t.Errorf("things %v", things)
	}
}
