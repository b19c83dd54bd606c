package token

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"larder/model/pre/token/form"
)

// expectation is a file of testdata; make.py writes it.
type expectation struct {
	Tokenizer json.RawMessage
	Rows      []struct {
		Text             string
		Pair             *string
		IDs, Types, Mask []int64
		Error            string
	}
}

func expectations(t testing.TB) map[string]expectation {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	all := map[string]expectation{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var e expectation
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		all[strings.TrimSuffix(filepath.Base(p), ".json")] = e
	}
	return all
}

// TestAgainstTokenizers compares every text with what the library tokenizers makes
// of it.
func TestAgainstTokenizers(t *testing.T) {
	for name, e := range expectations(t) {
		t.Run(name, func(t *testing.T) {
			tok, err := Read(e.Tokenizer, Options{Form: form.Normalize})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range e.Rows {
				var pair []string
				if row.Pair != nil {
					pair = []string{*row.Pair}
				}
				got, err := tok.Encode(row.Text, pair...)
				if row.Error != "" {
					if err == nil {
						t.Errorf("%q %q: tokens %v, want an error such as %q", row.Text, pair, got.IDs, row.Error)
					}
					continue
				}
				if err != nil {
					t.Errorf("%q %q: %v", row.Text, pair, err)
					continue
				}
				if !slices.Equal(got.IDs, row.IDs) || !slices.Equal(got.Types, row.Types) || !slices.Equal(got.Mask, row.Mask) {
					t.Errorf("%q %q:\n got %v\nwant %v\n got types %v mask %v\nwant types %v mask %v", row.Text, pair, got.IDs, row.IDs, got.Types, got.Mask, row.Types, row.Mask)
				}
			}
		})
	}
}

// small returns a file with a WordPiece model and the given fields before it.
func small(fields string) string {
	if fields != "" {
		fields += ","
	}
	return "{" + fields + `"model":{"type":"WordPiece","unk_token":"u","continuing_subword_prefix":"##","vocab":{"u":0,"a":1,"##a":2,"b":3}}}`
}

func TestRefused(t *testing.T) {
	deep := strings.Repeat(`{"type":"Sequence","normalizers":[`, 100) + strings.Repeat("]}", 100)
	tests := []struct {
		name, file  string
		field       string
		unsupported bool
	}{
		{name: "empty", file: "", field: ""},
		{name: "no object", file: "[1]", field: ""},
		{name: "cut off", file: small("")[:40], field: ""},
		{name: "no model", file: "{}", field: "model.vocab"},
		{name: "empty vocabulary", file: `{"model":{"vocab":{}}}`, field: "model.vocab"},
		{name: "unknown model", file: `{"model":{"type":"Magic","vocab":{"a":1}}}`, field: "model.type", unsupported: true},
		{name: "negative token", file: `{"model":{"vocab":{"a":-1}}}`, field: `model.vocab."a"`},
		{name: "token too long", file: `{"model":{"vocab":{"` + strings.Repeat("a", maxToken+1) + `":1}}}`, field: "model.vocab"},
		{name: "unknown token is none", file: `{"model":{"type":"WordPiece","unk_token":"x","vocab":{"a":1}}}`, field: "model.unk_token"},
		{name: "merge of what is no token", file: `{"model":{"type":"BPE","vocab":{"a":1,"b":2},"merges":["a b"]}}`, field: "model.merges[0]"},
		{name: "merge of three", file: `{"model":{"type":"BPE","vocab":{"a":1},"merges":["a a a"]}}`, field: "model.merges[0]"},
		{name: "token without a score", file: `{"model":{"type":"Unigram","vocab":[["a"]]}}`, field: "model.vocab[0]"},
		{name: "unk_id beyond the vocabulary", file: `{"model":{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}}`, field: "model.unk_id"},
		{name: "random merges", file: `{"model":{"type":"BPE","dropout":0.1,"vocab":{"a":1},"merges":[]}}`, field: "model.dropout", unsupported: true},
		{name: "unknown normaliser", file: small(`"normalizer":{"type":"Magic"}`), field: "normalizer", unsupported: true},
		{name: "unknown pre-tokeniser", file: small(`"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Magic"}]}`), field: "pre_tokenizer.pretokenizers[0]", unsupported: true},
		{name: "unknown post-processor", file: small(`"post_processor":{"type":"Magic"}`), field: "post_processor", unsupported: true},
		{name: "normalisers too deep", file: small(`"normalizer":` + deep), field: "normalizer"},
		{name: "replace without a pattern", file: small(`"normalizer":{"type":"Replace","pattern":{},"content":"x"}`), field: "normalizer.pattern"},
		{name: "regular expression with a look behind", file: small(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?<=a)b"},"behavior":"Isolated"}`), field: "pre_tokenizer.pattern.Regex", unsupported: true},
		{name: "regular expression left open", file: small(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"}`), field: "pre_tokenizer.pattern.Regex", unsupported: true},
		{name: "unknown property", file: small(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\p{Klingon}"},"behavior":"Isolated"}`), field: "pre_tokenizer.pattern.Regex", unsupported: true},
		{name: "unknown behaviour", file: small(`"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Magic"}`), field: "pre_tokenizer.behavior", unsupported: true},
		{name: "charsmap is no base64", file: small(`"normalizer":{"type":"Precompiled","precompiled_charsmap":"?"}`), field: "normalizer.precompiled_charsmap"},
		{name: "charsmap cut off", file: small(`"normalizer":{"type":"Precompiled","precompiled_charsmap":"/////w=="}`), field: "normalizer.precompiled_charsmap"},
		{name: "template of nothing", file: small(`"post_processor":{"type":"TemplateProcessing","single":[],"pair":null,"special_tokens":{}}`), field: "post_processor.single"},
		{name: "template with an unknown token", file: small(`"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"special_tokens":{}}`), field: "post_processor.single[0]"},
		{name: "added token without a number", file: small(`"added_tokens":[{"content":"a"}]`), field: "added_tokens[0].id"},
		{name: "no room", file: small(`"truncation":{"max_length":0}`), field: "truncation.max_length"},
		{name: "padding without end", file: small(`"padding":{"strategy":{"Fixed":1e9}}`), field: "padding.strategy.Fixed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read([]byte(test.file), Options{Form: form.Normalize})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want an *Error", err)
			}
			if e.Unsupported != test.unsupported || !strings.HasPrefix(e.Field, test.field) || test.field == "" && e.Field != "" {
				t.Errorf("error %v, field %q, unsupported %v; want field %q, %v", e, e.Field, e.Unsupported, test.field, test.unsupported)
			}
			if len(e.Error()) > 400 {
				t.Errorf("the error has %d bytes", len(e.Error()))
			}
		})
	}
}

// TestWithoutForms checks that a program without normal forms refuses the files
// that need one, and takes the others.
func TestWithoutForms(t *testing.T) {
	if _, err := Read([]byte(small(`"normalizer":{"type":"NFC"}`)), Options{}); err == nil {
		t.Error("a file with NFC was read")
	}
	if _, err := Read([]byte(small(`"normalizer":{"type":"Lowercase"}`)), Options{}); err != nil {
		t.Error(err)
	}
}

func TestTexts(t *testing.T) {
	tok, err := Read([]byte(small(`"pre_tokenizer":{"type":"WhitespaceSplit"}`)), Options{MaxTokens: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Encode(strings.Repeat("a", MaxText+1)); err == nil {
		t.Error("a text beyond MaxText was encoded")
	}
	if _, err := tok.Encode("a", "b", "c"); err == nil {
		t.Error("three texts were encoded")
	}
	e, err := tok.Encode("a\xff aa b aaa")
	if err != nil || !slices.Equal(e.IDs, []int64{0, 1, 2, 3}) {
		t.Errorf("tokens %v, %v; want those of u, a, ##a, b", e.IDs, err)
	}
}

func TestPattern(t *testing.T) {
	tests := []struct{ expr, text, want string }{
		{`a|ab`, "abab", "a a"},
		{`(?:a|ab)c`, "abc", "abc"},
		{`(?:a|ab)*c`, "aababc", "aababc"},
		{`a{2,3}`, "aaaaa", "aaa aa"},
		{`a{2}`, "aaaaa", "aa aa"},
		{`a{2,}?`, "aaaaa", "aa aa"},
		{`a++a`, "aaa", ""},
		{`a+a`, "aaa", "aaa"},
		{`(?i:k)`, "kK\u212aq", "k K \u212a"},
		{`[^a-c\s]+`, "abc def ghi", "def ghi"},
		{`[\]\-x]+`, "a]-x-", "]-x-"},
		{`\s+(?!\S)`, "a   b  ", "   "[:2] + "|" + "  "},
		{`^a|b$`, "aab b", "a b"},
		{`\u0041\x42\x{43}`, "ABC", "ABC"},
		{`.`, "a\nb", "a b"},
		{`\p{Lu}\p{Ll}+`, "Ab aB Éa", "Ab Éa"},
		{`\pN\PN`, "1a2", "1a"},
		{`(?:)`, "abc", ""},
		{`(?:a?)*b`, "aab", "aab"},
	}
	for _, test := range tests {
		p, err := compile("", test.expr)
		if err != nil {
			t.Errorf("%s: %v", test.expr, err)
			continue
		}
		spans, err := p.all(test.text)
		var got []string
		for _, s := range spans {
			got = append(got, test.text[s.start:s.end])
		}
		want := strings.Fields(test.want)
		if strings.Contains(test.want, "|") {
			want = strings.Split(test.want, "|")
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s in %q: %q, %v; want %q", test.expr, test.text, got, err, want)
		}
	}
}

// TestPatternIsBounded checks that an expression whose work grows as a power of
// the text's length ends with an error.
func TestPatternIsBounded(t *testing.T) {
	for _, expr := range []string{`(?:a+)+b`, `(?:a|a)*b`, `(?:a*)*?b`, `a*a*a*a*a*b`} {
		p, err := compile("", expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.all(strings.Repeat("a", 3000)); err == nil {
			t.Errorf("%s ended without an error", expr)
		}
	}
}

// FuzzRead feeds arbitrary files and texts: whatever is read encodes the text
// within bounds, or says why not.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small("")), "aa b")
	for _, e := range expectations(f) {
		f.Add([]byte(e.Tokenizer), "Café [MASK] 12\u3000e\u0301 👩‍👩‍👧‍👦 \xff")
	}
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		tok, err := Read(file, Options{Form: form.Normalize})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v of type %T", err, err)
			}
			return
		}
		e, err := tok.Encode(text)
		if err == nil && (len(e.IDs) != len(e.Types) || len(e.IDs) != len(e.Mask)) {
			t.Fatalf("%d tokens, %d types, %d in the mask", len(e.IDs), len(e.Types), len(e.Mask))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for name, e := range expectations(b) {
		tok, err := Read(e.Tokenizer, Options{Form: form.Normalize})
		if err != nil {
			b.Fatal(err)
		}
		text := e.Rows[0].Text
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := tok.Encode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
