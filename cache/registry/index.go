package registry

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/go-faster/jx"
	"golang.org/x/mod/semver"
)

// Schema is the newest format of index and manifest that this package reads.
const Schema = 1

// Index lists what a registry offers.
type Index struct {
	// Default is the model to use where none is named, or "".
	Default string
	// Models are ordered by name.
	Models []Model
}

// Model is one entry of an Index.
type Model struct {
	Name  string
	Title string
	// Task is what the model does, such as "image-classification"; may be empty.
	Task string
	// Versions are ordered from old to new.
	Versions []string
	// Aliases lead from a word ("latest", "stable") to one of Versions.
	Aliases map[string]string
}

// Model returns the model of this name, or nil.
func (ix *Index) Model(name string) *Model {
	for i := range ix.Models {
		if ix.Models[i].Name == name {
			return &ix.Models[i]
		}
	}
	return nil
}

// DecodeIndex reads index.json. Errors: Invalid, Newer.
func DecodeIndex(data []byte) (*Index, error) {
	ix := &Index{}
	err := decode("index", data, fields{
		"default": text(&ix.Default),
		"models": func(d *jx.Decoder) error {
			return readMap(d, maxModels, func(d *jx.Decoder, name string) error {
				m := Model{Name: name}
				if err := errors.Join(CheckName(name), m.decode(d)); err != nil {
					return err
				}
				ix.Models = append(ix.Models, m)
				return nil
			})
		},
	}, "models")
	if err != nil {
		return nil, err
	}
	sort.Slice(ix.Models, func(i, j int) bool { return ix.Models[i].Name < ix.Models[j].Name })
	if ix.Default != "" && ix.Model(ix.Default) == nil {
		return nil, &Error{Code: Invalid, Op: "index", Detail: "default " + quote(ix.Default) + " is not among the models"}
	}
	return ix, nil
}

func (m *Model) decode(d *jx.Decoder) error {
	err := readObject(d, fields{
		"title": text(&m.Title),
		"task":  text(&m.Task),
		"versions": func(d *jx.Decoder) error {
			return readList(d, maxModels, func(d *jx.Decoder) error {
				v, err := d.Str()
				m.Versions = append(m.Versions, v)
				return errors.Join(err, checkVersion(v))
			})
		},
		"aliases": func(d *jx.Decoder) error {
			m.Aliases = map[string]string{}
			return readMap(d, maxModels, func(d *jx.Decoder, alias string) error {
				v, err := d.Str()
				m.Aliases[alias] = v
				return errors.Join(err, checkAlias(alias))
			})
		},
	}, "versions")
	if err != nil {
		return err
	}
	return m.check()
}

// check sorts the versions and reports repetitions and aliases that lead nowhere.
func (m *Model) check() error {
	if len(m.Versions) == 0 {
		return errors.New("versions: is empty")
	}
	sort.Slice(m.Versions, func(i, j int) bool { return CompareVersions(m.Versions[i], m.Versions[j]) < 0 })
	for i, v := range m.Versions[1:] {
		if v == m.Versions[i] {
			return fmt.Errorf("versions: %q is there twice", v)
		}
	}
	for alias, v := range m.Aliases {
		if _, ok := slices.BinarySearchFunc(m.Versions, v, CompareVersions); !ok {
			return fmt.Errorf("aliases: %q leads to version %s, which is not listed", alias, quote(v))
		}
	}
	return nil
}

// CompareVersions orders two versions from old to new, as semver.org's section 11
// says. What is no version comes before all that are.
func CompareVersions(a, b string) int { return semver.Compare("v"+a, "v"+b) }
