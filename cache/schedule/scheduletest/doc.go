// Package scheduletest holds the oracle of package schedule: a search that goes through
// the minutes of 68 years one by one, and shares no code and no idea with what it
// judges. It runs natively over Go's zone database and in a browser over the browser's.
//
// The long run, over every zone:
//
//	go test ./cache/schedule -run Oracle -all -timeout 1h
//
// and in a browser, once ./build.sh test browser has built what runs tests there:
//
//	GOOS=js GOARCH=wasm go test -exec "$PWD/.build/bin/browser_exec" ./wasm/bridge -run ZoneOracle -v -timeout 0 -args -all
package scheduletest

import (
	_ "embed"
	"strings"
)

//go:embed zones.txt
var zones string

// Zones returns the names of all zones of Go's database, for programs that cannot list
// it themselves.
func Zones() []string { return strings.Fields(zones) }
