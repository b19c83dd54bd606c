//go:build !js

package schedule

import "time"

// Load returns a zone of the machine's database, or of the program's if it links
// time/tzdata. "" and "UTC" are UTC; "Local" is refused, because a schedule means the
// same everywhere. Error: NoZone. A browser program asks its host instead.
func Load(name string) (Zone, error) {
	if name == "" || name == "UTC" {
		return UTC, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, &Error{Code: NoZone, Field: "zone", Text: name, Detail: "this is no zone of the database: write Area/City, such as Europe/Berlin"}
	}
	return location{l}, nil
}

// location is a zone of package time.
type location struct{ *time.Location }

// grain divides every instant at which clocks are set by a rule.
const grain = 900

func (l location) Period(unix int64) (offset, from, until int64) {
	t := time.Unix(unix, 0).In(l.Location)
	_, o := t.Zone()
	from, until = -farthest, farthest
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		from = start.Unix()
	}
	if !end.IsZero() {
		until = end.Unix()
	}
	// Where a zone's rule has to be computed, package time takes each year for one of 365
	// days: on the last day of a leap year the bounds are not around the instant.
	if from > unix || until <= unix {
		from = unix - (unix%grain+grain)%grain
		until = from + grain
	}
	return int64(o), from, until
}
