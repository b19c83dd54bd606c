package schedule

import "time"

// Schedule is an expression at a place. Safe for concurrent use.
type Schedule struct {
	expr *Expr
	zone Zone
}

// In returns the schedule of the expression by the clocks of a zone.
func (e *Expr) In(z Zone) *Schedule { return &Schedule{e, z} }

// String returns the expression.
func (s *Schedule) String() string { return s.expr.text }

// Next returns the first due instant after t, in UTC; the zero time if there is none
// before the end of all calendars.
func (s *Schedule) Next(t time.Time) time.Time {
	at := t.Unix() // rounds down, so that a fraction of a second needs no care
	if at < -farthest/2 || at > farthest/2 {
		return time.Time{}
	}
	if s.expr.every() {
		return s.passing(at + 1)
	}
	wall, ok := s.expr.ahead(s.shown(at) + 1)
	if !ok {
		return time.Time{}
	}
	return time.Unix(s.reaches(wall), 0).UTC()
}

// Prev returns the last due instant before t, in UTC, or the zero time.
func (s *Schedule) Prev(t time.Time) time.Time {
	at := t.Unix()
	if t.Nanosecond() == 0 {
		at--
	}
	if at < -farthest/2 || at > farthest/2 {
		return time.Time{}
	}
	if s.expr.every() {
		return s.passed(at)
	}
	wall, ok := s.expr.behind(s.shown(at))
	if !ok {
		return time.Time{}
	}
	return time.Unix(s.reaches(wall), 0).UTC()
}

// shown returns the latest time that the clocks have shown up to an instant. Clocks
// are never set back by more than a day, so what they showed two days before does not
// matter.
func (s *Schedule) shown(at int64) int64 {
	latest := int64(-farthest)
	for t := at - 2*maxOffset; ; {
		offset, _, until := s.zone.Period(t)
		end := min(at, until-1)
		latest = max(latest, end+offset)
		if until > at || until <= t {
			return latest
		}
		t = until
	}
}

// reaches returns the first instant at which the clocks show wall or a later time.
func (s *Schedule) reaches(wall int64) int64 {
	for t := wall - maxOffset; ; {
		offset, _, until := s.zone.Period(t)
		if at := max(t, wall-offset); at < until || until <= t {
			return at
		}
		t = until
	}
}

// passing returns the first instant from t on at which the clocks show a due minute.
func (s *Schedule) passing(t int64) time.Time {
	for t < farthest {
		offset, _, until := s.zone.Period(t)
		wall, ok := s.expr.ahead(t + offset)
		if !ok || until <= t {
			break
		}
		if at := wall - offset; at < until {
			return time.Unix(at, 0).UTC()
		}
		t = until
	}
	return time.Time{}
}

// passed returns the last such instant up to t.
func (s *Schedule) passed(t int64) time.Time {
	for t > -farthest {
		offset, from, _ := s.zone.Period(t)
		wall, ok := s.expr.behind(t + offset)
		if !ok || from > t {
			break
		}
		if at := wall - offset; at >= from {
			return time.Unix(at, 0).UTC()
		}
		t = from - 1
	}
	return time.Time{}
}
