package token

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-faster/jx"
)

// vocabulary is the field model of a file: the algorithm with its tokens, which
// are too many for nodes.
type vocabulary struct {
	settings node
	entries  []entry
	scores   []float64 // of a list with scores
	merges   [][2]string
}

// read reads the object model.
func (v *vocabulary) read(d *jx.Decoder, p *parser) error {
	v.settings = node{at: "model", kind: jx.Object}
	if d.Next() != jx.Object {
		return invalid("model", "want an object")
	}
	return d.Obj(func(d *jx.Decoder, key string) error {
		switch {
		case key == "vocab" && d.Next() == jx.Object:
			return d.Obj(v.word)
		case key == "vocab" && d.Next() == jx.Array:
			return d.Arr(v.scored)
		case key == "merges" && d.Next() == jx.Array:
			return d.Arr(v.merge)
		}
		n, err := p.node(d, "model."+key, 0)
		v.settings.keys, v.settings.items = append(v.settings.keys, key), append(v.settings.items, n)
		return err
	})
}

// word reads "the": 1996.
func (v *vocabulary) word(d *jx.Decoder, key string) error {
	id, err := d.Int64()
	if err != nil || id < 0 || id > maxVocab {
		return invalid("model.vocab."+quote(key), "want a number from 0 to "+strconv.Itoa(maxVocab))
	}
	return v.add(key, int32(id))
}

// scored reads ["▁the", -3.2].
func (v *vocabulary) scored(d *jx.Decoder) error {
	at := 0
	var text string
	var score float64
	err := d.Arr(func(d *jx.Decoder) (err error) {
		switch at {
		case 0:
			text, err = d.Str()
		case 1:
			score, err = d.Float64()
		default:
			err = d.Skip()
		}
		at++
		return err
	})
	if err != nil || at != 2 {
		return invalid("model.vocab["+strconv.Itoa(len(v.entries))+"]", "want a token and its score")
	}
	v.scores = append(v.scores, score)
	return v.add(text, int32(len(v.entries)))
}

func (v *vocabulary) add(text string, id int32) error {
	if len(v.entries) == maxVocab || len(text) > maxToken {
		return invalid("model.vocab", "is larger, or has longer tokens, than any tokenizer in use")
	}
	v.entries = append(v.entries, entry{text, id})
	return nil
}

// merge reads "a b" or ["a", "b"].
func (v *vocabulary) merge(d *jx.Decoder) error {
	at := "model.merges[" + strconv.Itoa(len(v.merges)) + "]"
	if len(v.merges) == maxVocab {
		return invalid("model.merges", "is larger than that of any tokenizer in use")
	}
	var parts []string
	switch d.Next() {
	case jx.String:
		s, err := d.Str()
		if err != nil {
			return err
		}
		parts = strings.Split(s, " ")
	case jx.Array:
		if err := d.Arr(func(d *jx.Decoder) error {
			if len(parts) == 2 || d.Next() != jx.String {
				return invalid(at, "want two tokens")
			}
			s, err := d.Str()
			parts = append(parts, s)
			return err
		}); err != nil {
			return err
		}
	}
	if len(parts) != 2 {
		return invalid(at, "want two tokens")
	}
	v.merges = append(v.merges, [2]string{parts[0], parts[1]})
	return nil
}

// algorithm makes what turns words into tokens.
func (v *vocabulary) algorithm() (algorithm, error) {
	if len(v.entries) == 0 {
		return nil, invalid("model.vocab", "is missing or empty")
	}
	switch name := v.kind(); name {
	case "WordPiece":
		return v.wordPiece()
	case "BPE":
		return v.bpe()
	case "Unigram":
		return v.unigram()
	case "WordLevel":
		l := newLexicon(v.entries)
		unknown, err := v.token(l, "unk_token", true)
		return &wordLevel{l, unknown}, err
	default:
		return nil, unsupported("model.type", name)
	}
}

// kind is the model's type, which old files leave out.
func (v *vocabulary) kind() string {
	switch name := v.settings.name(); {
	case name != "":
		return name
	case v.scores != nil:
		return "Unigram"
	case v.merges != nil:
		return "BPE"
	default:
		return "WordPiece"
	}
}

// token returns the number of a token that a field names, -1 for none.
func (v *vocabulary) token(l *lexicon, field string, needed bool) (int32, error) {
	n := v.settings.get(field)
	if n.null() && !needed {
		return -1, nil
	}
	id, ok := l.find(n.text)
	if !ok {
		return 0, invalid(n.at, "names "+quote(n.text)+", which is no token")
	}
	return id, nil
}

func (v *vocabulary) wordPiece() (algorithm, error) {
	prefix := v.settings.get("continuing_subword_prefix").text
	var tails []entry
	for _, e := range v.entries {
		if tail, ok := strings.CutPrefix(e.word, prefix); ok && tail != "" {
			tails = append(tails, entry{tail, e.value})
		}
	}
	w := &wordPiece{heads: newLexicon(v.entries), tails: newLexicon(tails), most: 100}
	var err error
	if n := v.settings.get("max_input_chars_per_word"); !n.null() {
		if w.most, err = n.whole(1 << 16); err != nil {
			return nil, err
		}
	}
	w.unknown, err = v.token(w.heads, "unk_token", true)
	return w, err
}

func (v *vocabulary) bpe() (algorithm, error) {
	b := &bpe{vocab: newLexicon(v.entries), merges: make(map[[2]int32]merge, len(v.merges))}
	b.fuse, b.whole = v.settings.get("fuse_unk").truth, v.settings.get("ignore_merges").truth
	b.prefix, b.suffix = v.settings.get("continuing_subword_prefix").text, v.settings.get("end_of_word_suffix").text
	if len(b.prefix)+len(b.suffix) > maxToken {
		return nil, invalid("model.continuing_subword_prefix", "is too long")
	}
	if d := v.settings.get("dropout"); !d.null() && d.number != 0 {
		return nil, unsupported("model.dropout", "a random tokenizer")
	}
	for i, m := range v.merges {
		left, ok1 := b.vocab.find(m[0])
		right, ok2 := b.vocab.find(m[1])
		id, ok3 := b.vocab.find(m[0] + strings.TrimPrefix(m[1], b.prefix))
		if !ok1 || !ok2 || !ok3 {
			return nil, invalid("model.merges["+strconv.Itoa(i)+"]", "has parts, or a result, that are no tokens")
		}
		b.merges[[2]int32{left, right}] = merge{int32(i), id}
	}
	if v.settings.get("byte_fallback").truth {
		b.bytes = byteTokens(b.vocab)
	}
	var err error
	b.unknown, err = v.token(b.vocab, "unk_token", false)
	return b, err
}

func (v *vocabulary) unigram() (algorithm, error) {
	if len(v.scores) != len(v.entries) {
		return nil, invalid("model.vocab", "has tokens without a score")
	}
	u := &unigram{scores: v.scores, unknown: -1, least: slices.Min(v.scores)}
	if n := v.settings.get("unk_id"); !n.null() {
		id, err := n.whole(len(v.entries) - 1)
		if err != nil {
			return nil, err
		}
		u.unknown = int32(id)
	}
	u.vocab = newLexicon(v.entries)
	if v.settings.get("byte_fallback").truth {
		u.bytes = byteTokens(u.vocab)
	}
	return u, nil
}
