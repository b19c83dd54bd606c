package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"larder/cache/schedule"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNext(t *testing.T) {
	for _, tt := range []struct{ name, expr, zone, after, want string }{
		{"the 10th", "0 7 10 * *", "Europe/Berlin", "2026-11-10T07:00:00+01:00", "2026-12-10T07:00:00+01:00"},
		{"a fraction before", "0 7 10 * *", "Europe/Berlin", "2026-11-10T06:59:59.9+01:00", "2026-11-10T07:00:00+01:00"},
		{"in summer", "0 7 10 * *", "Europe/Berlin", "2026-06-30T00:00:00Z", "2026-07-10T07:00:00+02:00"},
		{"gap", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00+02:00"},
		{"after the gap", "30 2 * * *", "Europe/Berlin", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		{"overlap, first", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T02:30:00+02:00"},
		{"overlap, not again", "30 2 * * *", "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		{"in the second pass", "45 2 * * *", "Europe/Berlin", "2026-10-25T02:15:00+01:00", "2026-10-26T02:45:00+01:00"},
		{"interval in both passes", "*/30 * * * *", "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"interval over a gap", "15 * * * *", "Europe/Berlin", "2026-03-29T01:15:00+01:00", "2026-03-29T03:15:00+02:00"},
		{"a day left out", "0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", "2011-12-31T00:00:00+14:00"},
		{"no midnight", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"leap day", "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"fifth Monday of February", "0 0 * 2 MON#5", "UTC", "2026-01-01T00:00:00Z", "2044-02-29T00:00:00Z"},
		{"last day", "0 0 L 2 *", "UTC", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"},
		{"last Friday", "0 9 * * fril", "UTC", "2026-11-21T00:00:00Z", "2026-11-27T09:00:00Z"},
		{"either day", "0 0 13 * FRI", "UTC", "2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z"},
		{"from sunday to sunday", "0 0 * * SUN-SUN", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
		{"from 0 to 0", "0 0 * * 0-0", "UTC", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"},
		{"saturday to sunday", "0 0 * * SAT-SUN", "UTC", "2026-11-22T00:00:00Z", "2026-11-28T00:00:00Z"},
		{"sunday is 7", "0 0 * * 7", "UTC", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"},
		{"steps from", "5/20 0 * * *", "UTC", "2026-11-21T00:26:00Z", "2026-11-21T00:45:00Z"},
		{"end of a leap year", "0 7 * * *", "Europe/Berlin", "2040-12-30T12:00:00Z", "2040-12-31T06:00:00Z"},
		{"over the end of a leap year", "0 7 1 1 *", "America/New_York", "2040-12-31T06:00:00Z", "2041-01-01T12:00:00Z"},
		{"before 1970", "0 0 1 1 *", "UTC", "1900-06-01T00:00:00Z", "1901-01-01T00:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := schedule.Parse(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			z, err := schedule.Load(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			s := e.In(z)
			after, want := at(t, tt.after), at(t, tt.want)
			if got := s.Next(after); !got.Equal(want) {
				t.Errorf("after %s: %s, want %s", tt.after, got.In(want.Location()), tt.want)
			}
			if got := s.Prev(want.Add(1)); !got.Equal(want) {
				t.Errorf("just before %s: %s", tt.want, got)
			}
		})
	}
}

func TestFarAway(t *testing.T) {
	e, _ := schedule.Parse("0 0 * * *")
	for _, unix := range []int64{1 << 40, -1 << 40, 1 << 62} {
		if n, p := e.In(schedule.UTC).Next(time.Unix(unix, 0)), e.In(schedule.UTC).Prev(time.Unix(unix, 0)); !n.IsZero() || !p.IsZero() {
			t.Errorf("%d: %s, %s", unix, n, p)
		}
	}
}

func TestParseInvalid(t *testing.T) {
	for _, tt := range []struct {
		name, expr string
		code       schedule.Code
		field      string
	}{
		{"empty", "", schedule.Syntax, ""},
		{"four fields", "* * * *", schedule.Syntax, ""},
		{"six fields", "0 * * * * *", schedule.Syntax, ""},
		{"too long", strings.Repeat("1,", 200) + "1 * * * *", schedule.Syntax, ""},
		{"word", "x * * * *", schedule.Syntax, "minute"},
		{"empty item", "1,,2 * * * *", schedule.Syntax, "minute"},
		{"minute 60", "60 * * * *", schedule.Range, "minute"},
		{"hour 24", "0 24 * * *", schedule.Range, "hour"},
		{"day 0", "0 0 0 * *", schedule.Range, "day"},
		{"month 13", "0 0 1 13 *", schedule.Range, "month"},
		{"weekday 8", "0 0 * * 8", schedule.Range, "weekday"},
		{"backwards", "0 22-2 * * *", schedule.Range, "hour"},
		{"step 0", "*/0 * * * *", schedule.Range, "minute"},
		{"step word", "*/x * * * *", schedule.Range, "minute"},
		{"two steps", "*/2/3 * * * *", schedule.Range, "minute"},
		{"sign", "+5 * * * *", schedule.Syntax, "minute"},
		{"month as day", "0 0 JAN * *", schedule.Syntax, "day"},
		{"weekday W", "0 0 15W * *", schedule.Syntax, "day"},
		{"L in the middle", "0 0 3L * *", schedule.Syntax, "day"},
		{"L-0", "0 0 L-0 * *", schedule.Range, "day"},
		{"sixth Monday", "0 0 * * MON#6", schedule.Range, "weekday"},
		{"L without a day", "0 0 * * L", schedule.Syntax, "weekday"},
		{"macro", "@daily", schedule.Syntax, ""},
		{"31 February", "0 0 31 2 *", schedule.Impossible, ""},
		{"30 days hath September", "0 0 31 4,6,9,11 *", schedule.Impossible, ""},
		{"31 days before the last", "0 0 L-31 * *", schedule.Impossible, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := schedule.Parse(tt.expr)
			var e *schedule.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Field != tt.field {
				t.Fatalf("%v, want %s of %q", err, tt.code, tt.field)
			}
		})
	}
	if _, err := schedule.Load("Atlantis/Capital"); err == nil || !strings.Contains(err.Error(), "Atlantis") {
		t.Error(err)
	}
}

func TestSpec(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec schedule.Spec
		want string // the expression; "" for an error
	}{
		{"the 10th", schedule.Spec{Day: 10, Time: "07:00"}, "00 07 10 * *"},
		{"daily", schedule.Spec{Time: "23:59"}, "59 23 * * *"},
		{"last day", schedule.Spec{Day: schedule.LastDay, Time: "00:00"}, "00 00 L * *"},
		{"mondays", schedule.Spec{Weekday: "mon", Time: "06:30"}, "30 06 * * mon"},
		{"cron", schedule.Spec{Cron: "0 7 10 * *", Zone: "Europe/Berlin"}, "0 7 10 * *"},
		{"both", schedule.Spec{Cron: "0 7 10 * *", Day: 10}, ""},
		{"no time", schedule.Spec{Day: 10}, ""},
		{"hour 25", schedule.Spec{Time: "25:00"}, ""},
		{"no colon", schedule.Spec{Time: "07-00"}, ""},
		{"more fields by weekday", schedule.Spec{Time: "07:00", Weekday: "* *"}, ""},
		{"day 32", schedule.Spec{Day: 32, Time: "07:00"}, ""},
		{"day -2", schedule.Spec{Day: -2, Time: "07:00"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := tt.spec.Parse()
			if (err != nil) != (tt.want == "") || err == nil && e.String() != tt.want {
				t.Fatalf("%v, %v", e, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0 7 10 * *", "*/7 0-5/2 L,1-7 */2 MON-FRI", "0 0 29 2 *", "5 0 L-3 * FRIL,MON#2", "0 0 31 2 *", "* * * * *", "1-3/2,4/5 * * JAN *"} {
		f.Add(s, int64(1_700_000_000))
	}
	berlin, err := schedule.Load("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		e, err := schedule.Parse(text)
		if err != nil {
			return
		}
		s, now := e.In(berlin), time.Unix(unix, 0)
		next := s.Next(now)
		if next.IsZero() {
			if unix > -1<<36 && unix < 1<<36 {
				t.Fatalf("%q is never due after %d", text, unix)
			}
			return
		}
		// The first one after, and the last one before what follows.
		if !next.After(now) || !s.Prev(next.Add(time.Second)).Equal(next) || s.Prev(next).After(now) {
			t.Fatalf("%q after %d: %s, before it %s", text, unix, next, s.Prev(next))
		}
	})
}

func BenchmarkNext(b *testing.B) {
	e, _ := schedule.Parse("0 7 10 * *")
	z, _ := schedule.Load("Europe/Berlin")
	s, t := e.In(z), time.Unix(1_700_000_000, 0)
	for b.Loop() {
		t = s.Next(t)
		if t.Year() > 2100 {
			t = time.Unix(1_700_000_000, 0)
		}
	}
}
