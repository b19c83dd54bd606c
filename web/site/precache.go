package site

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"path"
	"slices"
	"strings"
)

// precacheMarker is the empty list in sw.js that the builder fills in.
const precacheMarker = "/*precache*/[]"

// addPrecache gives the service worker its list: [URL, hash] of every file of the
// shell, relative to the site. The hash is empty for a file whose name has one.
// The page itself is listed as "./", which is what a visit asks for.
func (b *builder) addPrecache(context.Context) error {
	script, ok := b.site["sw.js"]
	if !ok {
		return fmt.Errorf("%s has no sw.js", b.Static)
	}
	if n := bytes.Count(script, []byte(precacheMarker)); n != 1 {
		return fmt.Errorf("sw.js has %d times the marker %s, want 1", n, precacheMarker)
	}
	list := [][2]string{}
	for _, name := range slices.Sorted(maps.Keys(b.site)) {
		if b.inShell(name) {
			list = append(list, [2]string{shellURL(name), b.revision(name)})
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	b.site["sw.js"] = bytes.Replace(script, []byte(precacheMarker), text, 1)
	return nil
}

// inShell reports whether the page needs the file to start without a network. The
// registry is not part of it (models live in IndexedDB), but for the pictures that
// the page shows as offers to try.
func (b *builder) inShell(name string) bool {
	if strings.HasPrefix(name, "models/") {
		return bytes.Contains(b.site["index.html"], []byte(`"`+html.EscapeString(name)+`"`))
	}
	switch name {
	case "sw.js", "404.html", noticeFile, "larder.d.ts", "robots.txt":
		return false
	}
	return true
}

// shellURL is how the page asks for a file.
func shellURL(name string) string {
	if name == "index.html" {
		return "./"
	}
	return name
}

// revision is the hash of a file whose name does not change with its content.
func (b *builder) revision(name string) string {
	for _, hashed := range b.names {
		if hashed == name {
			return ""
		}
	}
	sum := sha256.Sum256(b.site[name])
	return hex.EncodeToString(sum[:8])
}

// sourceName returns the name that an artefact has in the sources.
func (b *builder) sourceName(name string) string {
	for source, hashed := range b.names {
		if hashed == name {
			return source
		}
	}
	return path.Clean(name)
}
