// Package pre turns a picture into the tensor that a model was trained on,
// exactly: every byte of the resized picture, and every bit of the tensor, is
// the one that Pillow and NumPy give.
//
// It also reads the headers of picture files ([Sniff]), so that a program
// knows format, size and orientation, and can refuse what is no picture, cut
// off or too large, before it spends memory on decoding. Decoding itself is
// done by the browser, or natively by package imagefile.
//
// Start with [Preprocess] and [ImageSpec].
//
// # Adding a file format
//
//  1. Write its header parser in a file of its own, on the pattern of png.go:
//     it gets all bytes and returns a Header or an *ImageError.
//  2. Add a line to the table in sniff.go.
//  3. Add rows to the tables in sniff_test.go and a seed to FuzzSniff.
package pre
