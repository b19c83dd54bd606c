//go:build js

package schedule

// Load returns UTC, the only zone that needs no database. A program in a browser asks
// its host for others: wasm/bridge has LoadZone. Error: NoZone.
func Load(name string) (Zone, error) {
	if name == "" || name == "UTC" {
		return UTC, nil
	}
	return nil, &Error{Code: NoZone, Field: "zone", Text: name, Detail: "this program has no zone database"}
}
