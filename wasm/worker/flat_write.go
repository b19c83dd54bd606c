package main

import "strconv"

// written is a part of a message that was written before and holds no things.
type written string

func write(tree any) written {
	text, _ := writeFlat(nil, tree)
	return written(text)
}

// writeFlat is the reverse of readFlat: it appends JSON, in which a mark and a number stand for
// one of things, counted from 1. What text can hold is written, anything else is a thing.
func writeFlat(to []byte, tree any) (text []byte, things []any) {
	w := flatWriter{text: to}
	w.value(tree)
	return w.text, w.things
}

// markText is the mark as text.
const markText = string(rune(mark))

type flatWriter struct {
	text   []byte
	things []any
}

func (w *flatWriter) raw(s string) { w.text = append(w.text, s...) }

func (w *flatWriter) value(v any) {
	switch v := v.(type) {
	case nil:
		w.raw("null")
	case bool:
		w.raw(strconv.FormatBool(v))
	case int:
		w.raw(strconv.Itoa(v))
	case int64:
		w.raw(strconv.FormatInt(v, 10))
	case float64:
		if v-v != 0 { // also of infinities
			w.thing(v)
			return
		}
		w.raw(strconv.FormatFloat(v, 'g', -1, 64))
	case string:
		if v != "" && v[0] == mark {
			w.quote(markText, v)
			return
		}
		w.quote("", v)
	case written:
		w.raw(string(v))
	case []any:
		sep := "["
		for _, one := range v {
			w.raw(sep)
			w.value(one)
			sep = ","
		}
		w.end(sep, "]")
	case map[string]any:
		sep := "{"
		for name, field := range v {
			w.raw(sep)
			w.quote("", name)
			w.raw(":")
			w.value(field)
			sep = ","
		}
		w.end(sep, "}")
	default:
		w.thing(v)
	}
}

// end closes a list or an object, which is not begun yet if it is empty.
func (w *flatWriter) end(sep, last string) {
	if sep != "," {
		w.raw(sep)
	}
	w.raw(last)
}

func (w *flatWriter) thing(v any) {
	w.things = append(w.things, v)
	w.quote(markText, strconv.Itoa(len(w.things)))
}

// quote leaves bytes that are no UTF-8 to who reads the text.
func (w *flatWriter) quote(before, s string) {
	w.raw(`"`)
	w.raw(before)
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		w.raw(s[start:i])
		start = i + 1
		switch {
		case c >= ' ':
			w.raw(`\`)
			start = i
		case c == '\n':
			w.raw(`\n`)
		default:
			w.raw(`\u00`)
			w.raw(hexDigits[c>>4 : c>>4+1])
			w.raw(hexDigits[c&15 : c&15+1])
		}
	}
	w.raw(s[start:])
	w.raw(`"`)
}

const hexDigits = "0123456789abcdef"
