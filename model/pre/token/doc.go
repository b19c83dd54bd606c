// Package token turns text into the numbers that a language model was trained
// on, as the tokenizer.json of the Hugging Face tokenizers library describes it:
// normalisers, pre-tokenisers, the models WordPiece, BPE, Unigram and WordLevel,
// templates, truncation and padding. For the same file and text the numbers are
// the same as that library's; what the package does not know is refused by name
// when the file is read.
//
// It does not turn numbers back into text, and it does not train.
//
// Start with [Read] and [Tokenizer.Encode]. A text passes through
//
//	added.go      tokens that stand apart from the vocabulary, such as [MASK]
//	normal.go     normalisers: case, accents, Unicode forms (charsmap.go: SentencePiece's)
//	split.go      pre-tokenisers cut it into words (pattern.go: regular expressions)
//	wordpiece.go  bpe.go  unigram.go: a word becomes tokens
//	template.go   tokens at the beginning and the end, pairs
//	encode.go     truncation and padding
//
// # Adding a normaliser or pre-tokeniser
//
//  1. Write a function that makes it from its JSON object, beside the others of
//     normal.go or split.go.
//  2. Add a line to the table in that file.
//  3. Add a row to testdata/make.py and run it: the test compares every row.
package token
