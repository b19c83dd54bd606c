package site

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// rooted matches a quoted or url() path that begins at the host's root; its first
// segment is captured.
var rooted = regexp.MustCompile("[\"'`(=]/([A-Za-z0-9_][A-Za-z0-9._-]*)")

// rootedAttribute matches an HTML attribute or a manifest member whose URL begins
// with a single slash, whatever follows.
var rootedAttribute = regexp.MustCompile(`(?:\s(?:href|src|action|poster|content)=["']?|"(?:src|start_url|scope|id|url|action)"\s*:\s*")/(?:[^/]|$)`)

// checkRelative refuses URLs that begin at the host's root: they work in front of
// one's own server and break under /demo/.
func (b *builder) checkRelative(context.Context) error {
	top := map[string]bool{}
	for name := range b.site {
		first, _, _ := strings.Cut(name, "/")
		top[first] = true
	}
	for _, name := range slices.Sorted(maps.Keys(b.site)) {
		ext := path.Ext(name)
		if !rewritable[ext] || strings.HasPrefix(name, "models/") {
			continue
		}
		content := b.site[name]
		if ext == ".html" || ext == ".webmanifest" {
			if m := rootedAttribute.FindIndex(content); m != nil {
				return rootedError(name, content, m)
			}
		}
		for _, m := range rooted.FindAllSubmatchIndex(content, -1) {
			if top[string(content[m[2]:m[3]])] {
				return rootedError(name, content, m)
			}
		}
	}
	return nil
}

// rootedError names the place of a rooted URL.
func rootedError(name string, content []byte, m []int) error {
	return fmt.Errorf("%s line %d: %q begins at the host's root and would break under a sub-path; write it relative to the site",
		name, lineOf(content, m[0]), strings.TrimSpace(string(content[m[0]:m[1]])))
}
