package idbstore

// DefaultName is the name of the database.
const DefaultName = "larder"

// Options of Open.
type Options struct {
	// Name of the database. Default DefaultName.
	Name string
}
