package token

import (
	"errors"
	"strconv"

	"github.com/go-faster/jx"
)

const stringKind = jx.String

// Form brings text into one of Unicode's normal forms: "NFC", "NFD", "NFKC" or
// "NFKD" (UAX #15). Its tables are large, and browsers have them: a program
// brings what its surroundings offer.
type Form func(form, text string) string

// Options steers Read.
type Options struct {
	// Form is needed by files that ask for a normal form; nil refuses them.
	Form Form
	// MaxTokens bounds an encoding beyond what the file does; 0 leaves it to the
	// file.
	MaxTokens int
}

// Tokenizer encodes texts. It may be used by several goroutines at once.
type Tokenizer struct {
	raw, normal addedSet
	normalize   normalizer
	split       splitter
	model       algorithm
	template    template
	cut         truncation
	pad         padding
}

// reader is a file on its way to a Tokenizer.
type reader struct {
	form   Form
	fields map[string]node
	vocab  vocabulary
}

// Read reads a tokenizer.json. It returns an *Error that names the field, and
// keeps nothing of data.
func Read(data []byte, opt Options) (*Tokenizer, error) {
	if len(data) > MaxFile {
		return nil, invalid("", "longer than "+strconv.Itoa(MaxFile)+" bytes")
	}
	r := &reader{form: opt.Form, fields: map[string]node{}}
	t, err := r.read(data)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return nil, e
		}
		return nil, invalid("", "is not valid JSON")
	}
	if opt.MaxTokens > 0 && (t.cut.most == 0 || t.cut.most > opt.MaxTokens) {
		t.cut.most = opt.MaxTokens
	}
	return t, nil
}

func (r *reader) read(data []byte) (*Tokenizer, error) {
	if err := jx.DecodeBytes(data).Validate(); err != nil {
		return nil, err
	}
	p := &parser{}
	d := jx.DecodeBytes(data)
	if d.Next() != jx.Object {
		return nil, invalid("", "want an object")
	}
	err := d.Obj(func(d *jx.Decoder, key string) (err error) {
		switch key {
		case "model":
			return r.vocab.read(d, p)
		case "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor":
			r.fields[key], err = p.node(d, key, 0)
			return err
		}
		return d.Skip()
	})
	if err != nil {
		return nil, err
	}
	return r.build()
}

func (r *reader) build() (_ *Tokenizer, err error) {
	t := &Tokenizer{}
	if t.normalize, err = r.normalizer(r.field("normalizer")); err != nil {
		return nil, err
	}
	if t.split, err = r.splitter(r.field("pre_tokenizer")); err != nil {
		return nil, err
	}
	if t.template, err = r.template(r.field("post_processor")); err != nil {
		return nil, err
	}
	if t.model, err = r.vocab.algorithm(); err != nil {
		return nil, err
	}
	if err = r.added(t); err != nil {
		return nil, err
	}
	if t.cut, err = readTruncation(r.field("truncation")); err != nil {
		return nil, err
	}
	t.pad, err = readPadding(r.field("padding"))
	return t, err
}

func (r *reader) field(name string) node {
	n, ok := r.fields[name]
	if !ok {
		return node{at: name}
	}
	return n
}

// added reads the tokens that stand apart. Those that are normalised are looked
// for in normalised text, so their own text is normalised too.
func (r *reader) added(t *Tokenizer) error {
	var raw, normal []added
	for _, n := range r.field("added_tokens").items {
		id, err := n.get("id").whole(2 * maxVocab)
		if err != nil {
			return err
		}
		a := added{
			content: n.get("content").text, id: int32(id), word: n.get("single_word").truth,
			stripLeft: n.get("lstrip").truth, stripRight: n.get("rstrip").truth, normalized: n.get("normalized").truth,
		}
		if len(a.content) > maxToken {
			return invalid(n.at, "is too long")
		}
		if !a.normalized {
			raw = append(raw, a)
			continue
		}
		if t.normalize != nil {
			if a.content, err = t.normalize(a.content); err != nil {
				return err
			}
		}
		normal = append(normal, a)
	}
	t.raw, t.normal = newAddedSet(raw), newAddedSet(normal)
	return nil
}

func readTruncation(n node) (c truncation, err error) {
	if n.null() {
		return c, nil
	}
	if c.most, err = n.get("max_length").whole(maxVocab); err != nil {
		return c, err
	}
	if c.most == 0 {
		return c, invalid(n.at+".max_length", "leaves no room for a text")
	}
	c.left = n.get("direction").text == "Left"
	switch c.strategy = n.get("strategy").text; c.strategy {
	case "", "LongestFirst", "OnlyFirst", "OnlySecond":
		return c, nil
	}
	return c, unsupported(n.at+".strategy", c.strategy)
}

func readPadding(n node) (p padding, err error) {
	if n.null() {
		return p, nil
	}
	p.on, p.left = true, n.get("direction").text == "Left"
	whole := func(key string, to *int64, most int) {
		if v := n.get(key); err == nil && !v.null() {
			var x int
			x, err = v.whole(most)
			*to = int64(x)
		}
	}
	var multiple, length int64
	whole("pad_id", &p.id, maxVocab)
	whole("pad_type_id", &p.kind, maxVocab)
	whole("pad_to_multiple_of", &multiple, 1<<16)
	if fixed := n.get("strategy").get("Fixed"); err == nil && !fixed.null() {
		var x int
		x, err = fixed.whole(1 << 16)
		length = int64(x)
	}
	p.multiple, p.length = int(multiple), int(length)
	return p, err
}
