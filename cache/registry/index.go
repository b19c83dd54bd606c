package registry

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
