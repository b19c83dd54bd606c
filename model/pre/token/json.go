package token

import (
	"strconv"

	"github.com/go-faster/jx"
)

// Limits of a file. The largest vocabularies in use have 256,000 tokens.
const (
	// MaxFile is the longest tokenizer.json that is read, in bytes.
	MaxFile   = 64 << 20
	maxVocab  = 1 << 20
	maxDepth  = 24
	maxFields = 1 << 14 // of everything but vocabulary and merges
	maxToken  = 512     // bytes
)

// node is a JSON value of the small parts of a file.
type node struct {
	at     string // path
	kind   jx.Type
	text   string
	number float64
	truth  bool
	keys   []string // of an object, beside items
	items  []node
}

// parser reads the small parts of a file into nodes and counts them.
type parser struct{ fields int }

func (p *parser) node(d *jx.Decoder, at string, depth int) (n node, err error) {
	n.at, n.kind = at, d.Next()
	if p.fields++; p.fields > maxFields || depth > maxDepth {
		return n, invalid(at, "is larger than any tokenizer in use")
	}
	switch n.kind {
	case jx.String:
		n.text, err = d.Str()
	case jx.Number:
		n.number, err = d.Float64()
	case jx.Bool:
		n.truth, err = d.Bool()
	case jx.Array:
		err = d.Arr(func(d *jx.Decoder) error {
			item, err := p.node(d, at+"["+strconv.Itoa(len(n.items))+"]", depth+1)
			n.items = append(n.items, item)
			return err
		})
	case jx.Object:
		err = d.Obj(func(d *jx.Decoder, key string) error {
			item, err := p.node(d, at+"."+key, depth+1)
			n.keys, n.items = append(n.keys, key), append(n.items, item)
			return err
		})
	default:
		err = d.Skip()
	}
	return n, err
}

// get returns a field of an object; the zero node, which is like null, if it is
// not there.
func (n node) get(key string) node {
	for i, k := range n.keys {
		if k == key {
			return n.items[i]
		}
	}
	return node{at: n.at + "." + key}
}

// null reports whether the value is null or absent.
func (n node) null() bool { return n.kind == jx.Null || n.kind == jx.Invalid }

// name returns the field type of an object, which says what it is.
func (n node) name() string { return n.get("type").text }

// whole returns a number from 0 to most.
func (n node) whole(most int) (int, error) {
	if n.kind != jx.Number || !(n.number >= 0 && n.number <= float64(most)) || n.number != float64(int(n.number)) {
		return 0, invalid(n.at, "want a whole number from 0 to "+strconv.Itoa(most))
	}
	return int(n.number), nil
}

// flag returns a truth value, or what holds if the field is absent.
func (n node) flag(otherwise bool) bool {
	if n.null() {
		return otherwise
	}
	return n.truth
}
