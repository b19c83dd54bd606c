package schedule_test

import (
	"archive/zip"
	"flag"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests compare with the database of the Go that runs them

	"larder/cache/schedule"
	"larder/cache/schedule/scheduletest"
)

var all = flag.Bool("all", false, "compare every zone with the oracle, not a sample")

// sample are zones whose clocks do rare things: days left out (Apia, Kwajalein), gaps
// of half an hour (Lord_Howe), offsets of seconds (Monrovia), summer time that starts at
// midnight (Sao_Paulo, Beirut), double and reversed summer time (Dublin), changes
// around Ramadan (Casablanca), changes of the base (Caracas, Pyongyang, Volgograd), and
// ordinary ones.
var sample = []string{"Europe/Berlin", "America/New_York", "Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe", "Africa/Monrovia",
	"America/Sao_Paulo", "Asia/Beirut", "Europe/Dublin", "Africa/Casablanca", "America/Caracas", "Antarctica/Troll", "Asia/Gaza", "UTC", "Asia/Kathmandu"}

// zones lists the zones of Go's database.
func zones(t *testing.T) []string {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(runtime.GOROOT(), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out []string
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, "/") {
			out = append(out, f.Name)
		}
	}
	slices.Sort(out)
	return out
}

func TestZones(t *testing.T) {
	if got, want := scheduletest.Zones(), zones(t); !slices.Equal(got, want) {
		t.Errorf("scheduletest/zones.txt has %d zones, Go's database %d: list it anew", len(got), len(want))
	}
}

func TestOracle(t *testing.T) {
	names, step := sample, int64(3*3600)
	if testing.Short() { // the race detector, which finds nothing in what is computed alone
		names = sample[:3]
	}
	if *all {
		names, step = zones(t), 900
	}
	runs, spans := 0, 0
	for i, name := range names {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		// Not by ZoneBounds, which the implementation uses.
		s := scheduletest.Spans(func(unix int64) int64 {
			_, offset := time.Unix(unix, 0).In(l).Zone()
			return int64(offset)
		}, step)
		spans += len(s)
		zone, err := schedule.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, expr := range scheduletest.Exprs {
			if !*all && (i > 0 || testing.Short()) && expr == "*/30 * * * *" {
				continue // as many runs as all others
			}
			n, difference := scheduletest.Compare(expr, zone, s)
			if runs += n; difference != "" {
				t.Errorf("%s: %s", name, difference)
			}
		}
	}
	t.Logf("%d zones with %d spans, %d expressions, %d runs compared", len(names), spans, len(scheduletest.Exprs), runs)
}
