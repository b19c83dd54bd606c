package pack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-faster/jx"
)

// maxModels bounds the models of an index and the versions of a model.
const maxModels = 1 << 17

// Index lists the models of a registry.
type Index struct {
	// Default is the model that a page opens first; "" if the index names none.
	Default string
	// Models are sorted by name.
	Models []IndexModel
}

// IndexModel is one model of a registry.
type IndexModel struct {
	Name, Title string
	// Task is that of the version added last, such as "image-classification"; ""
	// if the index does not say.
	Task string
	// Versions are sorted from the oldest to the newest; at least one.
	Versions []string
	// Aliases are sorted by name.
	Aliases []Alias
}

// Alias is another name of a version, such as "latest".
type Alias struct {
	Name, Version string
}

// Model returns the model with the given name, or nil.
func (x *Index) Model(name string) *IndexModel {
	for i := range x.Models {
		if x.Models[i].Name == name {
			return &x.Models[i]
		}
	}
	return nil
}

// Alias returns the version that an alias stands for, or "".
func (m *IndexModel) Alias(name string) string {
	for _, a := range m.Aliases {
		if a.Name == name {
			return a.Version
		}
	}
	return ""
}

// Add puts a version into the index, makes the model if need be, and lets each
// alias stand for the version. An empty title or task keeps the one that is there.
func (x *Index) Add(name, title, task, version string, aliases ...string) {
	m := x.Model(name)
	if m == nil {
		x.Models = append(x.Models, IndexModel{Name: name})
		m = &x.Models[len(x.Models)-1]
	}
	m.Title, m.Task = cmp.Or(title, m.Title), cmp.Or(task, m.Task)
	if !slices.Contains(m.Versions, version) {
		m.Versions = append(m.Versions, version)
	}
	for _, a := range aliases {
		m.Aliases = slices.DeleteFunc(m.Aliases, func(old Alias) bool { return old.Name == a })
		m.Aliases = append(m.Aliases, Alias{a, version})
	}
	x.Default = cmp.Or(x.Default, name)
	x.sort()
}

func (x *Index) sort() {
	slices.SortFunc(x.Models, func(a, b IndexModel) int { return strings.Compare(a.Name, b.Name) })
	for i := range x.Models {
		m := &x.Models[i]
		slices.SortFunc(m.Versions, compareVersions)
		slices.SortFunc(m.Aliases, func(a, b Alias) int { return strings.Compare(a.Name, b.Name) })
	}
}

// compareVersions orders version texts; two that are not versions by text.
func compareVersions(a, b string) int {
	v, okV := ParseVersion(a)
	w, okW := ParseVersion(b)
	if !okV || !okW {
		return strings.Compare(a, b)
	}
	return v.Compare(w)
}

// DecodeIndex reads an index and checks every rule of the format. It returns an
// *Error of code Invalid that names the field, or of code Newer for a document
// of a later schema. An index without a schema is of schema 1.
func DecodeIndex(data []byte) (*Index, error) {
	x := &Index{}
	data = unmarked(data)
	err := document("index", data, func(r reader) error {
		if err := (reader{jx.DecodeBytes(data)}).schema(false); err != nil {
			return err
		}
		if err := x.read(r); err != nil {
			return err
		}
		x.sort()
		return x.check()
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

func (x *Index) read(r reader) error {
	return r.object("", map[string]field{
		"default": func(at string) error { return r.text(at, &x.Default) },
		"models": func(at string) error {
			return r.members(at, maxModels, func(at, key string) error {
				m := IndexModel{Name: key}
				err := r.indexModel(at, &m)
				x.Models = append(x.Models, m)
				return err
			})
		},
	}, "models")
}

func (r reader) indexModel(at string, m *IndexModel) error {
	return r.object(at, map[string]field{
		"title":    func(at string) error { return r.text(at, &m.Title) },
		"task":     func(at string) error { return r.text(at, &m.Task) },
		"versions": func(at string) error { return list(r, at, maxModels, &m.Versions, r.text) },
		"aliases": func(at string) error {
			return r.members(at, maxSmall, func(at, key string) error {
				a := Alias{Name: key}
				err := r.text(at, &a.Version)
				m.Aliases = append(m.Aliases, a)
				return err
			})
		},
	}, "versions")
}

// check returns the first broken rule of the index.
func (x *Index) check() error {
	c := &checker{}
	names := map[string]bool{}
	for i := range x.Models {
		m := &x.Models[i]
		at := join("models", m.Name)
		c.that(at, CheckName(m.Name))
		c.unique(names, at, m.Name)
		c.must(len(m.Versions) > 0, at+".versions", "is empty")
		seen := map[string]bool{}
		for j, v := range m.Versions {
			_, ok := ParseVersion(v)
			c.must(ok, index(at+".versions", j), "want a semantic version such as 2.0.0, got "+quote(v))
			c.unique(seen, index(at+".versions", j), v)
		}
		for _, a := range m.Aliases {
			// A name that begins with a digit could be taken for a version.
			reason := CheckName(a.Name)
			if reason == "" && a.Name[0] <= '9' {
				reason = "an alias begins with a letter"
			}
			c.that(join(at+".aliases", a.Name), reason)
			c.must(seen[a.Version], join(at+".aliases", a.Name), quote(a.Version)+" is not among the versions")
		}
	}
	c.must(x.Default == "" || names[x.Default], "default", quote(x.Default)+" is not among the models")
	return c.err()
}

// EncodeIndex checks x and returns its one canonical text, as EncodeManifest.
func EncodeIndex(x *Index) ([]byte, error) {
	x = &Index{Default: x.Default, Models: slices.Clone(x.Models)}
	for i := range x.Models {
		x.Models[i].Versions = slices.Clone(x.Models[i].Versions)
		x.Models[i].Aliases = slices.Clone(x.Models[i].Aliases)
	}
	x.sort()
	if err := x.check(); err != nil {
		if e, ok := err.(*Error); ok {
			e.Doc = "index"
		}
		return nil, err
	}
	w := newWriter()
	w.obj(func() {
		w.field("schema", func() { w.Int(Schema) })
		w.optional("default", x.Default)
		w.field("models", func() {
			w.obj(func() {
				for i := range x.Models {
					w.field(x.Models[i].Name, w.indexModel(&x.Models[i]))
				}
			})
		})
	})
	return w.end(), nil
}

func (w writer) indexModel(m *IndexModel) func() {
	return func() {
		w.obj(func() {
			w.optional("title", m.Title)
			w.optional("task", m.Task)
			row(w, "versions", m.Versions, word)
			w.field("aliases", w.line(func(w writer) {
				for _, a := range m.Aliases {
					w.text(a.Name, a.Version)
				}
			}))
		})
	}
}
