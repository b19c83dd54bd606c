package state

import (
	"errors"
	"path"
	"strings"

	"larder/wasm/message"
)

// Shell is what is known about the site before anything has loaded. The site
// builder renders the static page from it, and hands it on to the app, so that
// the first thing the app shows is what is there already.
type Shell struct {
	Index message.Index // what the registry offered when the site was built
	Demos []Demo        // of the default model's latest version
}

// pick returns the model to show first: the default, else the only or first one.
func (s Shell) pick() string {
	if s.Index.Default != "" || len(s.Index.Models) == 0 {
		return s.Index.Default
	}
	return s.Index.Models[0].Name
}

// maxDemos bounds the list of demo pictures: each is a picture on the page.
const maxDemos = 12

// DecodeShell reads a shell from the tree that the static page carries.
func DecodeShell(tree any) (Shell, error) {
	m, ok := tree.(map[string]any)
	if !ok {
		return Shell{}, errors.New("state: shell is not an object")
	}
	index, err := message.DecodeIndex(m["index"])
	if err != nil {
		return Shell{}, err
	}
	shell := Shell{Index: index}
	list, _ := m["demos"].([]any)
	for _, e := range list[:min(len(list), maxDemos)] {
		if d, ok := e.(map[string]any); ok && text(d, "url") != "" {
			shell.Demos = append(shell.Demos, Demo{Label: text(d, "label"), Display: text(d, "display"), URL: text(d, "url")})
		}
	}
	return shell, nil
}

// DemosOf returns the demo pictures that a manifest lists: at most one of each
// class, the first ones first. base is the version's folder, with a slash at its
// end. What is malformed is left out: a page without demos still works.
func DemosOf(manifest map[string]any, base string) []Demo {
	names := displayNames(manifest)
	seen := map[string]bool{}
	var demos []Demo
	list, _ := manifest["demos"].([]any)
	for _, e := range list {
		d, _ := e.(map[string]any)
		file, label := text(d, "file"), text(d, "label")
		name, known := names[label]
		if !localFile(file) || !known || seen[label] || len(demos) == maxDemos {
			continue
		}
		seen[label] = true
		demos = append(demos, Demo{Label: label, Display: name, URL: base + file})
	}
	return demos
}

// displayNames maps the classes of a manifest's outputs to their names for people.
func displayNames(manifest map[string]any) map[string]string {
	names := map[string]string{}
	outputs, _ := manifest["outputs"].([]any)
	for _, e := range outputs {
		output, _ := e.(map[string]any)
		labels, _ := output["labels"].([]any)
		for _, e := range labels {
			if l, ok := e.(map[string]any); ok {
				id := text(l, "id")
				if names[id] = text(l, "display"); names[id] == "" {
					names[id] = id
				}
			}
		}
	}
	return names
}

// localFile reports whether a path stays inside its version's folder.
func localFile(p string) bool {
	return p != "" && path.Clean("/"+p) == "/"+p && !strings.ContainsAny(p, `\:?#`)
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}
