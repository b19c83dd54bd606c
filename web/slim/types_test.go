package slim

import (
	"bytes"
	"testing"
)

// typeful uses descriptors of types in every way that the language has: interfaces
// that are found when the program runs, types' names and fields, maps and closures under
// the garbage collector, shapes of generic code, large types without a mask of pointers.
const typeful = `package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

type point struct {
	X, Y int
	name string
}

func (p *point) String() string { return "at " + p.name }
func (p *point) Unused() int    { return p.X }

type named interface{ String() string }

type failure struct{ code int }

func (f failure) Error() string { return fmt.Sprint("failure ", f.code) }

func (f failure) Is(target error) bool { return target == errUsual }

var errUsual = errors.New("usual")

type pair[K comparable, V any] struct {
	Key   K
	Value V
}

func pairs[K comparable, V any](m map[K]V, visit func(pair[K, V])) {
	for k, v := range m {
		visit(pair[K, V]{k, v})
	}
}

type large struct {
	parts [3000]struct {
		text *string
		n    int
	}
}

func counter(text *string) func() string {
	n := new(int)
	return func() string { *n++; return fmt.Sprint(*text, *n) }
}

// marked has a method that nothing calls: values are asked only whether they have it.
type marked struct{ n int }

func (marked) mark() {}

func isMarked(v any) bool {
	_, ok := v.(interface{ mark() })
	return ok
}

func asserted(v any) (r any) {
	defer func() { r = recover() }()
	return v.(named).String()
}

func main() {
	m := map[string]*point{}
	big := new(large)
	var next []func() string
	for i := range 3000 {
		text := fmt.Sprint("p", i)
		m[text] = &point{i, -i, text}
		big.parts[i].text = &text
		next = append(next, counter(&text))
		if i%1000 == 0 {
			runtime.GC()
		}
	}
	runtime.GC()
	sum := 0
	for i := range 3000 {
		text := fmt.Sprint("p", i)
		sum += m[text].X - m[text].Y
		if *big.parts[i].text != text || next[i]() != text+"1" {
			panic(text)
		}
	}
	pairs(map[string]int{"k": 1}, func(p pair[string, int]) { fmt.Printf("%v %+v %T\n", p, p, p) })
	var v any = *m["p7"]
	fmt.Printf("%+v %T %v %s\n", v, v, m["p8"], asserted(m["p9"]))
	fmt.Println(sum, asserted(v), asserted(3), isMarked(marked{1}), isMarked(&marked{2}), isMarked(3))
	err := fmt.Errorf("wrapped: %w", failure{3})
	var f failure
	fmt.Println(errors.As(err, &f), f.code, errors.Is(err, errUsual), err)
	fmt.Println(struct{ A []int; B map[string]bool }{[]int{1}, map[string]bool{"t": true}}, strings.Repeat("x", 3))
}
`

// reflecting makes types when it runs, and calls methods by their names.
const reflecting = `package main

import (
	"fmt"
	"reflect"
)

type item struct{ N int }

func (i *item) Double() int { return 2 * i.N }

var list any = &[]item{}

func main() {
	t := reflect.TypeOf(item{})
	p := reflect.New(t)
	p.Elem().Field(0).SetInt(21)
	fmt.Println(reflect.SliceOf(t) == reflect.TypeOf(list).Elem(), reflect.PointerTo(t) == reflect.TypeOf(&item{}))
	fmt.Println(p.MethodByName("Double").Call(nil)[0], p.Type().NumMethod(), reflect.MapOf(reflect.TypeOf(""), t))
}
`

func TestTypesStayAsTheyAreSeen(t *testing.T) {
	for _, test := range []struct{ name, program, gone string }{
		{"usual", typeful, "struct { F uintptr; X0 "},
		{"reflecting", reflecting, "map.group["},
	} {
		t.Run(test.name, func(t *testing.T) {
			module := build(t, test.program)
			slimmer, err := Module(bytes.Clone(module))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := run(t, slimmer), run(t, module); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if !bytes.Contains(module, []byte(test.gone)) || bytes.Contains(slimmer, []byte(test.gone)) {
				t.Errorf("%q is still there, or never was", test.gone)
			}
		})
	}
}
