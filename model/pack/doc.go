// Package pack reads and writes model packages: the manifest of one version of
// a model, the index of a registry, and the files behind them, cut into
// chunks that are checked by SHA-256.
//
// It knows documents and bytes, not models: nothing here decodes ONNX, runs a
// network or fetches anything over HTTP. What the image and label fields mean
// is in model/pre and model/post; the cache has a reader of its own that looks
// at names, files and freshness alone.
//
// Start with [DecodeManifest], [DecodeIndex] and [Dir]. [Write] adds a package
// to a registry in a folder.
//
// # A registry
//
//	index.json                        names, versions, aliases
//	leaf/2.0.0/manifest.json          everything about one version
//	leaf/2.0.0/model.onnx …           the files that the manifest lists
//
// # Adding a field to the manifest
//
//  1. Add it to the struct in manifest.go, with unit and default in the comment.
//  2. Read it in decode.go and check its range in check.go: the check also
//     guards [EncodeManifest].
//  3. Write it in encode.go, at a fixed place and only when it is set, so that
//     committed manifests stay as they are.
//  4. Add a row to the tables in manifest_test.go.
//
// Readers ignore fields that they do not know. A change that an older reader
// would misunderstand needs a new [Schema] number instead.
package pack
