package site

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// reference matches `assets/NAME` in a source. It is the asset's place in the site,
// whatever the file's own place is; "../" may stand before it where the source's
// folder asks for that. What else stands before it may be part of a path
// ("./assets/x.js"), but not of a longer name ("myassets/x.js").
var reference = regexp.MustCompile(`(^|[^A-Za-z0-9_-])((?:\.\./)*)assets/([A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)+)`)

// rewritable are the kinds of files in which references are looked for.
var rewritable = map[string]bool{".html": true, ".js": true, ".mjs": true, ".css": true, ".svg": true, ".webmanifest": true}

// hashAssets renames every asset to NAME.HASH.EXT and rewrites what refers to it.
// An asset's hash covers its rewritten content, so the assets that it refers to
// come first: a change in a leaf changes the name of everything above it, and a
// cached file can never point at an old one.
func (b *builder) hashAssets(context.Context) error {
	sources := slices.Sorted(maps.Keys(b.site))
	for _, name := range sources {
		if strings.HasPrefix(name, "assets/") {
			if err := b.hashAsset(name, nil); err != nil {
				return err
			}
		}
	}
	for _, name := range sources {
		if strings.HasPrefix(name, "assets/") || strings.HasPrefix(name, "models/") {
			continue
		}
		content, err := b.rewrite(name, nil)
		if err != nil {
			return err
		}
		b.site[name] = content
	}
	return nil
}

// hashAsset hashes one asset after those that it refers to. above is the chain of
// assets that led here.
func (b *builder) hashAsset(name string, above []string) error {
	if b.names[name] != "" {
		return nil
	}
	if slices.Contains(above, name) {
		return fmt.Errorf("assets refer to each other in a circle: %s", strings.Join(append(above, name), " → "))
	}
	content, err := b.rewrite(name, append(slices.Clone(above), name))
	if err != nil {
		return err
	}
	delete(b.site, name)
	b.names[name] = hashedName(name, content)
	b.site[b.names[name]] = content
	return nil
}

// rewrite returns the content of a file with every reference replaced by the
// hashed name, relative to the file.
func (b *builder) rewrite(name string, above []string) ([]byte, error) {
	content := b.site[name]
	if !rewritable[path.Ext(name)] {
		return content, nil
	}
	prefix := strings.Repeat("../", strings.Count(name, "/")) + "assets/"
	if path.Dir(name) == "assets" {
		prefix = ""
	}
	var out []byte
	at := 0
	for _, m := range reference.FindAllSubmatchIndex(content, -1) {
		asset := string(content[m[5]:m[1]])
		if b.names[asset] == "" {
			if _, ok := b.site[asset]; !ok {
				return nil, fmt.Errorf("%s line %d refers to %q, which is neither in web/static/assets nor built",
					name, lineOf(content, m[5]), asset)
			}
			if err := b.hashAsset(asset, above); err != nil {
				return nil, err
			}
		}
		out = append(out, content[at:m[3]]...)
		out = append(out, prefix+path.Base(b.names[asset])...)
		at = m[1]
	}
	return append(out, content[at:]...), nil
}

// hashedName puts the first 8 hexadecimal digits of the content's SHA-256 before
// the extension: 32 bits tell the versions of one file apart.
func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
}

// lineOf returns the line number of an offset.
func lineOf(content []byte, offset int) int {
	return 1 + strings.Count(string(content[:offset]), "\n")
}
