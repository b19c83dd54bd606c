package schedule

import (
	"math/bits"
	"time"
)

// horizon is how many months a search goes: 400 years, after which the calendar
// repeats itself, days of the week included.
const horizon = 400 * 12

// month is a month of the calendar.
type month struct {
	year, number int
	start        int64 // its first day, in days since 1970
	length       int
}

func monthOf(year, number int) month {
	first := time.Date(year, time.Month(number), 1, 0, 0, 0, 0, time.UTC)
	return month{first.Year(), int(first.Month()), first.Unix() / day, first.AddDate(0, 1, -1).Day()}
}

// split takes a wall clock's time apart.
func split(wall int64) (m month, d int, within int64) {
	t := time.Unix(wall, 0).UTC()
	m, d = monthOf(t.Year(), int(t.Month())), t.Day()
	return m, d, wall - (m.start+int64(d)-1)*day
}

// has reports whether the expression is due on a day of the month.
func (e *Expr) has(m *month, d int) bool {
	w := int((m.start + int64(d) - 1 + 4) % 7) // 1 January 1970 was a Thursday
	if w < 0 {
		w += 7
	}
	byDay := e.days>>d&1 | e.fromLast>>(m.length-d)&1
	byWeek := e.weekdays>>w&1 | e.nth[w]>>((d+6)/7)&1
	if d+7 > m.length {
		byWeek |= e.nth[w] & 1
	}
	if e.either {
		return byDay|byWeek != 0
	}
	return byDay&byWeek != 0
}

// ahead returns the first due minute of a wall clock at or after wall. Wall clocks
// count seconds as if they were in UTC.
func (e *Expr) ahead(wall int64) (int64, bool) {
	m, d, within := split(wall + minute - 1)
	for range horizon {
		if e.months>>m.number&1 != 0 {
			for ; d <= m.length; d++ {
				if e.has(&m, d) {
					if at, ok := e.after(within); ok {
						return (m.start+int64(d)-1)*day + at, true
					}
				}
				within = 0
			}
		}
		m, d, within = monthOf(m.year, m.number+1), 1, 0
	}
	return 0, false
}

// behind returns the last due minute at or before wall.
func (e *Expr) behind(wall int64) (int64, bool) {
	m, d, within := split(wall)
	for range horizon {
		if e.months>>m.number&1 != 0 {
			for ; d > 0; d-- {
				if e.has(&m, d) {
					if at, ok := e.before(within); ok {
						return (m.start+int64(d)-1)*day + at, true
					}
				}
				within = day - 1
			}
		}
		m = monthOf(m.year, m.number-1)
		d, within = m.length, day-1
	}
	return 0, false
}

// after returns the first due minute of a day at or after the one of within.
func (e *Expr) after(within int64) (int64, bool) {
	h, least := within/hour, within%hour/minute
	if ms := e.minutes >> least << least; e.hours>>h&1 != 0 && ms != 0 {
		return h*hour + int64(bits.TrailingZeros64(ms))*minute, true
	}
	hs := e.hours >> (h + 1) << (h + 1)
	return int64(bits.TrailingZeros64(hs))*hour + int64(bits.TrailingZeros64(e.minutes))*minute, hs != 0
}

// before returns the last due minute of a day at or before the one of within.
func (e *Expr) before(within int64) (int64, bool) {
	last := func(set uint64) int64 { return int64(bits.Len64(set)) - 1 }
	h, most := within/hour, within%hour/minute
	if ms := e.minutes & (2<<most - 1); e.hours>>h&1 != 0 && ms != 0 {
		return h*hour + last(ms)*minute, true
	}
	hs := e.hours & (1<<h - 1)
	return last(hs)*hour + last(e.minutes)*minute, hs != 0
}
