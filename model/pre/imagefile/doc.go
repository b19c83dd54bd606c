// Package imagefile decodes picture files in plain Go, for programs without a
// browser: JPEG, PNG, GIF and WebP. In a browser its own decoder does this.
package imagefile
