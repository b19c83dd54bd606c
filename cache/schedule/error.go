package schedule

// Code says what is wrong with an expression.
type Code string

// The codes of an [Error].
const (
	Syntax     Code = "syntax"     // not an expression; Field and Text say where
	Range      Code = "range"      // a number outside its field
	Impossible Code = "impossible" // no year has such a day
	NoZone     Code = "no-zone"    // no such zone is known here
)

// Error is the only error type of this package.
type Error struct {
	Code   Code
	Field  string // "minute", "hour", "day", "month", "weekday", "time" or "zone"; "" for the whole
	Text   string // what was read there
	Detail string // what is wrong and what to do
}

// Error describes the failure: schedule: field "text": detail.
func (e *Error) Error() string {
	s := "schedule: "
	if e.Field != "" {
		s += e.Field + " "
	}
	return s + quote(e.Text) + ": " + e.Detail
}

// quote is s in quotation marks, cut if long and in ASCII, so that an error stays
// readable whatever a manifest holds.
func quote(s string) string {
	b := []byte{'"'}
	for i := 0; i < len(s) && i < maxQuoted; i++ {
		c := s[i]
		if c < ' ' || c > '~' || c == '"' {
			c = '?'
		}
		b = append(b, c)
	}
	return string(append(b, '"'))
}

const maxQuoted = 40
