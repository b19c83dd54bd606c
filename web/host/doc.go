// Package host is an HTTP handler for a built site: what a good static host does,
// in one place, so that `larder serve`, tests and a person's own Go server behave
// alike.
//
// It picks the precompressed file that stands beside each artefact (.br, .gz) by
// Accept-Encoding, gives every representation its own strong ETag, answers
// conditional and range requests, and sends the security headers that the page is
// written for. It never lists a directory, never compresses on the fly and never
// leaves its folder.
//
// Start with [New].
package host
