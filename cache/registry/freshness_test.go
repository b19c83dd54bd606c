package registry_test

import (
	"strings"
	"testing"
	"time"

	"larder/cache/registry"
	"larder/cache/schedule"
)

func TestDecodeFreshness(t *testing.T) {
	cron := func(text string) *schedule.Expr {
		e, err := schedule.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, tt := range []struct {
		name, text string
		want       registry.Freshness
		bad        string
	}{
		{name: "nothing", text: `null`},
		{name: "empty", text: `{}`},
		{name: "all", text: `{"ttlSeconds":60,"staleWhileRevalidateSeconds":30,"staleIfErrorSeconds":90,"jitterPercent":10,"future":1}`,
			want: registry.Freshness{TTL: time.Minute, HasTTL: true, Revalidate: 30 * time.Second, Grace: 90 * time.Second, HasGrace: true, Jitter: 10}},
		{name: "no grace", text: `{"staleIfErrorSeconds":0}`, want: registry.Freshness{HasGrace: true}},
		{name: "cron", text: `{"schedule":{"cron":"0 7 10 * *","zone":"Europe/Berlin"}}`, want: registry.Freshness{Schedule: cron("0 7 10 * *"), Zone: "Europe/Berlin"}},
		{name: "plain", text: `{"schedule":{"day":10,"time":"07:00","zone":"Europe/Berlin"}}`, want: registry.Freshness{Schedule: cron("00 07 10 * *"), Zone: "Europe/Berlin"}},
		{name: "last", text: `{"schedule":{"day":"last","time":"07:00"}}`, want: registry.Freshness{Schedule: cron("00 07 L * *")}},
		{name: "negative", text: `{"staleIfErrorSeconds":-1}`, bad: "staleIfErrorSeconds"},
		{name: "jitter", text: `{"jitterPercent":101}`, bad: "jitterPercent"},
		{name: "no time", text: `{"schedule":{"day":10}}`, bad: "hours and minutes"},
		{name: "no day", text: `{"schedule":{"day":"first","time":"07:00"}}`, bad: "last"},
		{name: "impossible", text: `{"schedule":{"cron":"0 0 31 2 *"}}`, bad: "no year has such a day"},
		{name: "not cron", text: `{"schedule":{"cron":"@daily"}}`, bad: "five fields"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := registry.DecodeManifest([]byte(strings.Replace(goodManifest, `{"ttlSeconds":86400}`, tt.text, 1)))
			if tt.bad != "" {
				if registry.CodeOf(err) != registry.Invalid || !strings.Contains(err.Error(), tt.bad) {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, want := m.Freshness, tt.want
			if (got.Schedule == nil) != (want.Schedule == nil) || got.Schedule != nil && got.Schedule.String() != want.Schedule.String() {
				t.Fatalf("%v, want %v", got.Schedule, want.Schedule)
			}
			if got.Schedule, want.Schedule = nil, nil; got != want {
				t.Fatalf("%+v, want %+v", got, want)
			}
		})
	}
}
