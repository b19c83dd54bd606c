package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // --zone is checked on machines without a zone database too

	"larder/cache/schedule"
	"larder/model/pack"
)

// freshFlags say how a package grows old.
type freshFlags struct {
	ttl, revalidate, grace time.Duration
	jitter                 int
	schedule, zone         string
}

func (f *freshFlags) define(fs *flag.FlagSet) {
	fs.DurationVar(&f.ttl, "ttl", 24*time.Hour, "how long a copy is used without asking the registry; with --schedule only if given")
	fs.DurationVar(&f.revalidate, "stale-while-revalidate", 0, "for how long after that a copy is used at once while the registry is asked behind")
	fs.DurationVar(&f.grace, "stale-if-error", 0, "for how long after that a copy is used when the registry does not answer (default for ever)")
	fs.IntVar(&f.jitter, "jitter", 0, "percent of the time between two questions by which each reader asks at another moment")
	fs.StringVar(&f.schedule, "schedule", "", "when a new version is due: \"10 07:00\", \"last 07:00\", \"mon 07:00\", \"07:00\", or a cron expression such as \"0 7 10 * *\"")
	fs.StringVar(&f.zone, "zone", "", "zone of --schedule, such as Europe/Berlin (default UTC)")
}

// freshness returns what goes into the manifest. given tells which flags were set.
func (f *freshFlags) freshness(given func(string) bool) (pack.Freshness, error) {
	out := pack.Freshness{TTL: f.ttl.Truncate(time.Second), Revalidate: f.revalidate.Truncate(time.Second),
		Grace: f.grace.Truncate(time.Second), Jitter: f.jitter}
	if f.ttl < 0 || f.revalidate < 0 || f.grace < 0 {
		return out, usageError{"--ttl, --stale-while-revalidate and --stale-if-error cannot be negative"}
	}
	if given("stale-if-error") && out.Grace == 0 {
		out.Grace = pack.None
	}
	if f.schedule == "" {
		if f.zone != "" {
			return out, usageError{"--zone means nothing without --schedule"}
		}
		return out, nil
	}
	if !given("ttl") {
		out.TTL = pack.None
	}
	s := plainSchedule(f.schedule)
	s.Zone = f.zone
	if _, err := s.Parse(); err != nil {
		return out, usageError{fmt.Sprintf("--schedule: %v", err)}
	}
	if _, err := schedule.Load(f.zone); err != nil {
		return out, usageError{fmt.Sprintf("--zone: %v", err)}
	}
	out.Schedule = &pack.Schedule{Cron: s.Cron, Day: s.Day, Weekday: s.Weekday, Time: s.Time, Zone: s.Zone}
	return out, nil
}

// plainSchedule reads "10 07:00" and its like; anything else is a cron expression.
func plainSchedule(text string) schedule.Spec {
	words := strings.Fields(text)
	if n := len(words); n == 0 || n > 2 || !strings.Contains(words[n-1], ":") {
		return schedule.Spec{Cron: text}
	}
	s := schedule.Spec{Time: words[len(words)-1]}
	if len(words) == 2 {
		switch day, err := strconv.Atoi(words[0]); {
		case err == nil && day > 0:
			s.Day = day
		case strings.EqualFold(words[0], "last"):
			s.Day = schedule.LastDay
		default:
			s.Weekday = strings.ToUpper(words[0])
		}
	}
	return s
}
