package scheduletest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"larder/cache/schedule"
)

// From and To are the time that is searched: 1970 to 2037.
var (
	From = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	To   = time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// Exprs are the expressions that are compared: each form of each field, days that
// few years have, and times inside of gaps and overlaps.
var Exprs = []string{
	"0 7 10 * *",
	"30 2 * * *",
	"0 0 * * *",
	"0 3 L * *",
	"15,45 0-3 * * SUN",
	"*/30 * * * *",
	"1 * * 3,4,9-11 0",
	"*/7 0-5/2 1-7 */2 MON-FRI",
	"0 12 * * MON#2",
	"30 1 * * SUNL",
	"0 0 29 2 *",
	"5 0 13 * FRI",
	"0 2 L-2 FEB,MAR *",
	"59 23 30,31 DEC *",
	"20 4 */10 * *",
	"0 0 * * SAT-SUN",
}

// Span is a time in which a zone's offset does not change: from From to the next one.
type Span struct{ From, Offset int64 }

// Spans searches a zone for changes of its offset, step seconds at a time.
func Spans(offset func(unix int64) int64, step int64) []Span {
	start := From - 3*86400 // clocks may have been set back just before
	out := []Span{{start, offset(start)}}
	for t := start; t < To; t += step {
		if now := offset(t + step); now != out[len(out)-1].Offset {
			lo, hi := t, t+step // offset(lo) is the old one
			for hi-lo > 1 {
				if mid := (lo + hi) / 2; offset(mid) == out[len(out)-1].Offset {
					lo = mid
				} else {
					hi = mid
				}
			}
			out = append(out, Span{hi, offset(hi)})
			t = hi - step // there may be another one before the old end
		}
	}
	return out
}

// Due lists every instant at which an expression is due between From and To.
func Due(expr string, spans []Span) []int64 {
	f := strings.Fields(strings.ToUpper(expr))
	clock := make([]bool, 1440)
	hours := 0
	for h := range 24 {
		if matches(f[1], h, 0, 23, "") {
			hours++
			for m := range 60 {
				clock[h*60+m] = matches(f[0], m, 0, 59, "")
			}
		}
	}
	w := walk{fields: f, clock: clock, interval: hours == 24, shown: spans[0].From + spans[0].Offset - 1}
	for i, s := range spans {
		end := To
		if i+1 < len(spans) {
			end = spans[i+1].From
		}
		w.span(s, end)
	}
	return w.due
}

type walk struct {
	fields   []string
	clock    []bool
	interval bool
	shown    int64 // the latest second that the clocks have shown
	due      []int64
}

// span goes through the minutes that clocks show in a span, and those that they skip
// before it, day by day.
func (w *walk) span(s Span, end int64) {
	first, last := s.From+s.Offset, end+s.Offset // the clock's seconds
	if !w.interval {
		first = w.shown + 1 // repeated ones are over, skipped ones are not
	}
	for day := floor(first, 86400); day*86400 < last; day++ {
		if !w.day(day) {
			continue
		}
		for m, is := range w.clock {
			wall := day*86400 + int64(m)*60
			if !is || wall < first || wall >= last {
				continue
			}
			at := max(wall-s.Offset, s.From)
			if at >= From && at < To && (len(w.due) == 0 || w.due[len(w.due)-1] != at) {
				w.due = append(w.due, at)
			}
		}
	}
	w.shown = max(w.shown, last-1)
}

func floor(a, b int64) int64 {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}

// day reports whether the expression is due on a day since 1970.
func (w *walk) day(n int64) bool {
	t := time.Unix(n*86400, 0).UTC()
	if !matches(w.fields[3], int(t.Month()), 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC") {
		return false
	}
	last := time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	byDay, byWeek := false, false
	for item := range strings.SplitSeq(w.fields[2], ",") {
		if rest, ok := strings.CutPrefix(item, "L"); ok {
			before, _ := strconv.Atoi(strings.TrimPrefix(rest, "-"))
			byDay = byDay || t.Day() == last-before
		} else {
			byDay = byDay || matches(item, t.Day(), 1, 31, "")
		}
	}
	const names = "SUNMONTUEWEDTHUFRISAT"
	for item := range strings.SplitSeq(w.fields[4], ",") {
		name, nth, isNth := strings.Cut(item, "#")
		switch {
		case isNth:
			byWeek = byWeek || value(name, 0, names) == int(t.Weekday()) && nth == strconv.Itoa((t.Day()-1)/7+1)
		case strings.HasSuffix(item, "L"):
			byWeek = byWeek || value(item[:len(item)-1], 0, names) == int(t.Weekday()) && t.Day() > last-7
		default:
			byWeek = byWeek || matches(item, int(t.Weekday()), 0, 6, names) || t.Weekday() == 0 && matches(item, 7, 0, 7, names) && item[0] != '*'
		}
	}
	if w.fields[2][0] != '*' && w.fields[4][0] != '*' {
		return byDay || byWeek
	}
	return byDay && byWeek
}

// matches reports whether v is in a list.
func matches(list string, v, lo, hi int, names string) bool {
	for item := range strings.SplitSeq(list, ",") {
		span, by, _ := strings.Cut(item, "/")
		step := value(by, 0, "")
		from, to := lo, hi
		if a, b, ok := strings.Cut(span, "-"); ok {
			from, to = value(a, lo, names), value(b, lo, names)
			if to == 0 && names != "" && lo == 0 {
				to = 7
			}
		} else if span != "*" {
			from = value(span, lo, names)
			if step == 0 {
				to = from
			}
		}
		if v >= from && v <= to && (step == 0 || (v-from)%step == 0) {
			return true
		}
	}
	return false
}

func value(s string, lo int, names string) int {
	if i := strings.Index(names, s); i >= 0 && i%3 == 0 && len(s) == 3 {
		return lo + i/3
	}
	n := 0
	for _, c := range []byte(s) {
		n = n*10 + int(c-'0')
	}
	return n
}

// Compare steps through a schedule, forwards by Next and backwards by Prev, and returns
// how many runs it compared with the oracle's, and the first difference in words.
func Compare(expr string, zone schedule.Zone, spans []Span) (runs int, difference string) {
	e, err := schedule.Parse(expr)
	if err != nil {
		return 0, err.Error()
	}
	s, due := e.In(zone), Due(expr, spans)
	at := time.Unix(From-1, 0)
	for _, want := range due {
		next := s.Next(at)
		if next.Unix() != want {
			return runs, fmt.Sprintf("%s: after %s: %s, the oracle says %s", expr, text(at.Unix()), text(next.Unix()), text(want))
		}
		at = next
		runs++
	}
	if next := s.Next(at); next.Unix() < To {
		return runs, fmt.Sprintf("%s: after %s: %s, which the oracle does not have", expr, text(at.Unix()), text(next.Unix()))
	}
	at = time.Unix(To, 0)
	for i := len(due) - 1; i >= 0; i-- {
		prev := s.Prev(at)
		if prev.Unix() != due[i] {
			return runs, fmt.Sprintf("%s: before %s: %s, the oracle says %s", expr, text(at.Unix()), text(prev.Unix()), text(due[i]))
		}
		at = prev
		runs++
	}
	return probe(s, due, spans, runs)
}

// probe asks around each change of the clocks, from instants at which nothing is due too.
func probe(s *schedule.Schedule, due []int64, spans []Span, runs int) (int, string) {
	for _, span := range spans {
		for _, off := range []int64{-86400, -3601, -1800, -1, 0, 1, 900, 1800, 3599, 5400, 86399} {
			at := span.From + off
			i, _ := slices.BinarySearch(due, at+1)
			if at < From || i == 0 || i == len(due) {
				continue
			}
			next, prev := s.Next(time.Unix(at, 0)).Unix(), s.Prev(time.Unix(at+1, 0)).Unix()
			if next != due[i] || prev != due[i-1] {
				return runs, fmt.Sprintf("%s: around %s: %s and %s, the oracle says %s and %s", s, text(at), text(prev), text(next), text(due[i-1]), text(due[i]))
			}
			runs += 2
		}
	}
	return runs, ""
}

func text(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02T15:04:05Z") }
