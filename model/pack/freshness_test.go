package pack

import (
	"strings"
	"testing"
	"time"
)

func TestFreshnessRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       Freshness
		bad        string
	}{
		{"all", `{"ttlSeconds":60,"staleWhileRevalidateSeconds":30,"staleIfErrorSeconds":90,"jitterPercent":10}`,
			Freshness{TTL: time.Minute, Revalidate: 30 * time.Second, Grace: 90 * time.Second, Jitter: 10}, ""},
		{"nothing said", `{}`, Freshness{TTL: None}, ""},
		{"never stale", `{"ttlSeconds":0,"staleIfErrorSeconds":0}`, Freshness{Grace: None}, ""},
		{"cron", `{"schedule":{"cron":"0 7 10 * *","zone":"Europe/Berlin"}}`, Freshness{TTL: None, Schedule: &Schedule{Cron: "0 7 10 * *", Zone: "Europe/Berlin"}}, ""},
		{"plain", `{"schedule":{"day":10,"weekday":"MON","time":"07:00"}}`, Freshness{TTL: None, Schedule: &Schedule{Day: 10, Weekday: "MON", Time: "07:00"}}, ""},
		{"last", `{"schedule":{"day":"last","time":"07:00"}}`, Freshness{TTL: None, Schedule: &Schedule{Day: LastDay, Time: "07:00"}}, ""},
		{"negative", `{"staleWhileRevalidateSeconds":-1}`, Freshness{}, "freshness.staleWhileRevalidateSeconds"},
		{"jitter", `{"jitterPercent":101}`, Freshness{}, "freshness.jitterPercent"},
		{"empty schedule", `{"schedule":{}}`, Freshness{}, "freshness.schedule"},
		{"two schedules", `{"schedule":{"cron":"0 7 10 * *","day":10}}`, Freshness{}, "freshness.schedule"},
		{"no time", `{"schedule":{"day":10}}`, Freshness{}, "freshness.schedule.time"},
		{"day", `{"schedule":{"day":"first","time":"07:00"}}`, Freshness{}, "freshness.schedule.day"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := DecodeManifest([]byte(strings.Replace(full, `{"ttlSeconds":86400}`, tt.text, 1)))
			if tt.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tt.bad) {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := m.Freshness
			if (got.Schedule == nil) != (tt.want.Schedule == nil) || got.Schedule != nil && *got.Schedule != *tt.want.Schedule {
				t.Fatalf("%+v", got.Schedule)
			}
			got.Schedule, tt.want.Schedule = nil, nil
			if got != tt.want {
				t.Fatalf("%+v, want %+v", got, tt.want)
			}
			if again, err := EncodeManifest(m); err != nil || !strings.Contains(string(again), `"freshness": `+tt.text) {
				t.Fatalf("%s\n%v", again, err)
			}
		})
	}
}
