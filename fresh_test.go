package main

import (
	"strings"
	"testing"
	"time"

	"larder/model/pack"
)

func TestAddFreshness(t *testing.T) {
	for _, tt := range []struct {
		name  string
		flags []string
		want  pack.Freshness
		bad   string // in the error
	}{
		{"default", nil, pack.Freshness{TTL: 24 * time.Hour}, ""},
		{"durations", []string{"--ttl", "1h", "--stale-while-revalidate", "10m", "--stale-if-error", "720h", "--jitter", "10"},
			pack.Freshness{TTL: time.Hour, Revalidate: 10 * time.Minute, Grace: 720 * time.Hour, Jitter: 10}, ""},
		{"no grace", []string{"--stale-if-error", "0"}, pack.Freshness{TTL: 24 * time.Hour, Grace: pack.None}, ""},
		{"plain", []string{"--schedule", "10 07:00", "--zone", "Europe/Berlin"}, pack.Freshness{TTL: pack.None, Schedule: &pack.Schedule{Day: 10, Time: "07:00", Zone: "Europe/Berlin"}}, ""},
		{"last", []string{"--schedule", "last 23:59", "--ttl", "2h"}, pack.Freshness{TTL: 2 * time.Hour, Schedule: &pack.Schedule{Day: pack.LastDay, Time: "23:59"}}, ""},
		{"weekly", []string{"--schedule", "mon 06:00"}, pack.Freshness{TTL: pack.None, Schedule: &pack.Schedule{Weekday: "MON", Time: "06:00"}}, ""},
		{"daily", []string{"--schedule", "06:00"}, pack.Freshness{TTL: pack.None, Schedule: &pack.Schedule{Time: "06:00"}}, ""},
		{"cron", []string{"--schedule", "0 7 10 * *"}, pack.Freshness{TTL: pack.None, Schedule: &pack.Schedule{Cron: "0 7 10 * *"}}, ""},
		{"impossible", []string{"--schedule", "0 7 31 2 *"}, pack.Freshness{}, "no year has such a day"},
		{"zone", []string{"--schedule", "06:00", "--zone", "Mars/Olympus"}, pack.Freshness{}, "no zone of the database"},
		{"zone alone", []string{"--zone", "UTC"}, pack.Freshness{}, "without --schedule"},
		{"negative", []string{"--ttl", "-1h"}, pack.Freshness{}, "negative"},
		{"jitter", []string{"--jitter", "200"}, pack.Freshness{}, "0 to 100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			args := append([]string{"add", smallModel, "--name", "bean", "--version", "1.0.0", "--registry", root, "--labels", write(t, "labels.json", objectLabels)}, tt.flags...)
			_, stderr, status := larder(t, "", args...)
			if tt.bad != "" {
				if status == 0 || !strings.Contains(stderr, tt.bad) {
					t.Fatal(status, stderr)
				}
				return
			}
			if status != 0 {
				t.Fatal(stderr)
			}
			got := added(t, root, "bean", "1.0.0").Freshness
			if (got.Schedule == nil) != (tt.want.Schedule == nil) || got.Schedule != nil && *got.Schedule != *tt.want.Schedule {
				t.Fatalf("%+v", got.Schedule)
			}
			if got.Schedule, tt.want.Schedule = nil, nil; got != tt.want {
				t.Fatalf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
