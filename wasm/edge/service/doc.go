// Package service answers inference requests without waiting for anything: a
// request goes in, and out comes either the reply or the list of the registry's
// objects that are needed first.
//
// It speaks the Open Inference Protocol, version 2, with JSON bodies
// (https://github.com/kserve/open-inference-protocol), and one extension:
// POST …/classify takes a picture, a text or a row of a table, as the model does,
// and returns calibrated classes.
//
// Start with [Service.Handle].
package service
