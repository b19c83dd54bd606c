package schedule

import "strconv"

// Spec is a schedule as a manifest says it: an expression, or the plain form "the 10th
// of each month, 07:00".
type Spec struct {
	// Cron is an expression of [Parse]. With it, the three fields below stay empty.
	Cron string
	// Day is the day of the month, 1 to 31; [LastDay] is the last. Zero: every day, or
	// Weekday alone. A month without the day has no run.
	Day int
	// Weekday is a day of the week in three letters, such as "MON"; "" is any. With Day
	// too, either is enough.
	Weekday string
	// Time is when on that day: "07:00".
	Time string
	// Zone is an IANA zone, such as "Europe/Berlin". "": UTC.
	Zone string
}

// LastDay is the last day of a month, as a Day of [Spec].
const LastDay = -1

// Parse returns the expression that the fields stand for. It does not look at Zone.
// Errors: those of the function Parse.
func (s *Spec) Parse() (*Expr, error) {
	if s.Cron != "" {
		if s.Day != 0 || s.Weekday != "" || s.Time != "" {
			return nil, &Error{Code: Syntax, Text: s.Cron, Detail: "there are a cron expression and a plain form: keep one"}
		}
		return Parse(s.Cron)
	}
	t := s.Time
	if len(t) != 5 || t[2] != ':' || !digits(t[:2]) || !digits(t[3:]) {
		return nil, &Error{Code: Syntax, Field: "time", Text: t, Detail: `want hours and minutes, such as "07:00"`}
	}
	on, weekday := "*", "*"
	switch {
	case s.Day == LastDay:
		on = "L"
	case s.Day != 0:
		on = strconv.Itoa(s.Day)
	}
	if s.Weekday != "" {
		weekday = s.Weekday
	}
	return Parse(t[3:] + " " + t[:2] + " " + on + " * " + weekday)
}
