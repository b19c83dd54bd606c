package registry

import (
	"errors"
	"time"

	"github.com/go-faster/jx"

	"larder/cache/schedule"
)

// Freshness says how long a version may be used, and when to ask for a newer one.
type Freshness struct {
	// TTL is ttlSeconds: how long a version is fresh after the registry confirmed it.
	// Meaningless unless HasTTL.
	TTL    time.Duration
	HasTTL bool
	// Revalidate is staleWhileRevalidateSeconds: for how long after that it is still
	// served at once, while the registry is asked.
	Revalidate time.Duration
	// Grace is staleIfErrorSeconds: for how long after that it is served when the
	// registry gives no answer. Meaningless unless HasGrace; without, there is no end.
	Grace    time.Duration
	HasGrace bool
	// Jitter is jitterPercent, 0 to 100.
	Jitter int64
	// Schedule is when the version ends being fresh whatever TTL says, by the clocks of
	// Zone; nil if there is none.
	Schedule *schedule.Expr
	Zone     string
}

func (f *Freshness) decode(d *jx.Decoder) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	return readObject(d, fields{
		"ttlSeconds":                  seconds(&f.TTL, &f.HasTTL),
		"staleWhileRevalidateSeconds": seconds(&f.Revalidate, new(bool)),
		"staleIfErrorSeconds":         seconds(&f.Grace, &f.HasGrace),
		"jitterPercent":               whole(&f.Jitter, 100),
		"schedule":                    f.decodeSchedule,
	})
}

func seconds(dst *time.Duration, has *bool) func(*jx.Decoder) error {
	return func(d *jx.Decoder) error {
		var n int64
		err := whole(&n, maxTTL)(d)
		*dst, *has = time.Duration(n)*time.Second, true
		return err
	}
}

// decodeSchedule reads {"cron": "0 7 10 * *", "zone": "Europe/Berlin"} or the plain
// {"day": 10, "time": "07:00", "zone": "Europe/Berlin"}.
func (f *Freshness) decodeSchedule(d *jx.Decoder) error {
	var s schedule.Spec
	err := readObject(d, fields{
		"cron":    text(&s.Cron),
		"weekday": text(&s.Weekday),
		"time":    text(&s.Time),
		"zone":    text(&s.Zone),
		"day": func(d *jx.Decoder) error {
			if d.Next() == jx.String {
				word, err := d.Str()
				if s.Day = schedule.LastDay; err == nil && word != "last" {
					err = errors.New("want a day of the month or \"last\"")
				}
				return err
			}
			var n int64
			err := whole(&n, 31)(d)
			s.Day = int(n)
			return err
		},
	})
	if err != nil {
		return err
	}
	f.Zone = s.Zone
	f.Schedule, err = s.Parse()
	return err
}
