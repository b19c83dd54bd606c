// Package post turns a model's scores into an answer: calibrated
// probabilities, sorted, with a plain "unknown" when the best class is not
// believed.
//
// It knows one tensor of scores and its labels; where they come from is in
// model/pack. Start with [Classify].
//
// # Adding an activation
//
//  1. Add a constant and a line to the table in activation.go.
//  2. Add it to model/pack's manifest and its check.
//  3. Add rows to the tables in classify_test.go.
package post
