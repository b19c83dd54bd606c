// Package profile measures a model where it will run: it opens a built site's
// larder.js in headless Chromium, runs the model there, and returns how long
// each step took. `larder profile` is its user.
package profile
