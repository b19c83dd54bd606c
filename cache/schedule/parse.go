package schedule

import (
	"math/bits"
	"strconv"
	"strings"
)

// maxExpr is the longest expression in bytes.
const maxExpr = 256

// Expr is a parsed expression. Constant after Parse; safe for concurrent use.
type Expr struct {
	text     string
	minutes  uint64
	hours    uint64
	days     uint64 // bit d: the d-th
	fromLast uint64 // bit n: n days before the last
	months   uint64
	weekdays uint64
	nth      [7]uint64 // bit n: the n-th of that weekday; bit 0: the last
	either   bool      // of the two kinds of days, one is enough
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// field is what may stand in one place.
type field struct {
	name     string
	min, max int
	names    string // three letters each, from min on
}

var (
	minuteField  = field{name: "minute", max: 59}
	hourField    = field{name: "hour", max: 23}
	dayField     = field{name: "day", min: 1, max: 31}
	monthField   = field{name: "month", min: 1, max: 12, names: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}
	weekdayField = field{name: "weekday", max: 7, names: "SUNMONTUEWEDTHUFRISAT"}
)

// Parse reads an expression of five fields. Errors: Syntax, Range, Impossible.
func Parse(text string) (*Expr, error) {
	if len(text) > maxExpr {
		return nil, &Error{Code: Syntax, Text: text, Detail: "longer than " + strconv.Itoa(maxExpr) + " bytes"}
	}
	parts := strings.Fields(text)
	if len(parts) != 5 {
		return nil, &Error{Code: Syntax, Text: text, Detail: "want five fields: minute, hour, day of the month, month, day of the week"}
	}
	e := &Expr{text: text}
	starred := func(s string) bool { return s[0] == '*' }
	e.either = !starred(parts[2]) && !starred(parts[4])
	for i, into := range []func(string) error{
		e.plain(&minuteField, &e.minutes), e.plain(&hourField, &e.hours), e.day, e.plain(&monthField, &e.months), e.weekday,
	} {
		for item := range strings.SplitSeq(strings.ToUpper(parts[i]), ",") {
			if err := into(item); err != nil {
				return nil, err
			}
		}
	}
	e.weekdays |= e.weekdays >> 7 & 1 // 7 is Sunday too
	if _, ok := e.ahead(0); !ok {
		return nil, &Error{Code: Impossible, Text: text, Detail: "no year has such a day"}
	}
	return e, nil
}

func (e *Expr) plain(f *field, into *uint64) func(string) error {
	return func(item string) error {
		set, err := f.set(item)
		*into |= set
		return err
	}
}

// day reads an item of the days of the month: also L and L-n.
func (e *Expr) day(item string) error {
	rest, last := strings.CutPrefix(item, "L")
	if !last {
		return e.plain(&dayField, &e.days)(item)
	}
	n := 0
	if before, ok := strings.CutPrefix(rest, "-"); ok {
		var err error
		if n, err = dayField.number(before, item); err != nil {
			return err
		}
	} else if rest != "" {
		return dayField.bad(Syntax, item)
	}
	e.fromLast |= 1 << n
	return nil
}

// weekday reads an item of the days of the week: also MON#2 and FRIL.
func (e *Expr) weekday(item string) error {
	which, n := "", 0
	if name, last := strings.CutSuffix(item, "L"); last {
		which = name
	} else if name, number, ok := strings.Cut(item, "#"); ok {
		if len(number) != 1 || number[0] < '1' || number[0] > '5' {
			return weekdayField.bad(Range, item)
		}
		which, n = name, int(number[0]-'0')
	} else {
		return e.plain(&weekdayField, &e.weekdays)(item)
	}
	d, err := weekdayField.number(which, item)
	if err == nil {
		e.nth[d%7] |= 1 << n
	}
	return err
}

// set reads one item: *, a value, a range, each perhaps with a step.
func (f *field) set(item string) (uint64, error) {
	span, by, stepped := strings.Cut(item, "/")
	lo, hi, step := f.min, f.max, 1
	var err error
	if stepped {
		if step, err = strconv.Atoi(by); err != nil || !digits(by) || step < 1 || step > f.max {
			return 0, f.bad(Range, item)
		}
	}
	switch first, last, isRange := strings.Cut(span, "-"); {
	case span == "*":
		if f.max == 7 {
			hi = 6 // Sunday once, so that steps are even
		}
	case isRange:
		if lo, err = f.number(first, item); err != nil {
			return 0, err
		}
		if hi, err = f.number(last, item); err != nil {
			return 0, err
		}
		if hi == 0 && lo > 0 && f.max == 7 {
			hi = 7 // SAT-SUN
		}
	default:
		if lo, err = f.number(span, item); err != nil {
			return 0, err
		}
		if !stepped {
			hi = lo
		}
	}
	if lo > hi {
		return 0, f.bad(Range, item)
	}
	var out uint64
	for v := lo; v <= hi; v += step {
		out |= 1 << v
	}
	return out, nil
}

// number reads a value by number or name. item is for the error.
func (f *field) number(s, item string) (int, error) {
	if len(s) == 3 && f.names != "" {
		for i := 0; i < len(f.names); i += 3 {
			if f.names[i:i+3] == s {
				return f.min + i/3, nil
			}
		}
	}
	if !digits(s) {
		return 0, f.bad(Syntax, item)
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < f.min || n > f.max {
		return 0, f.bad(Range, item)
	}
	return n, nil
}

// digits reports whether s is one to three digits and nothing else.
func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 3
}

func (f *field) bad(code Code, item string) error {
	return &Error{Code: code, Field: f.name, Text: item,
		Detail: "want numbers from " + strconv.Itoa(f.min) + " to " + strconv.Itoa(f.max) + ", lists, ranges from low to high, or steps (go doc larder/cache/schedule has the whole form)"}
}

// every reports whether the hours are all 24: an interval.
func (e *Expr) every() bool { return bits.OnesCount64(e.hours) == 24 }
