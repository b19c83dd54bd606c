//go:build js

package bridge

import (
	"flag"
	"runtime"
	"testing"

	"github.com/hack-pad/safejs"

	"larder/cache/schedule"
	"larder/cache/schedule/scheduletest"
)

var allZones = flag.Bool("all", false, "compare every zone with the oracle, not a sample")

// transitions asks the host by another way than Zone does: Temporal knows when clocks
// are set.
const transitions = `(zone, from, to) => {
	let t = Temporal.Instant.fromEpochMilliseconds(from * 1000).toZonedDateTimeISO(zone);
	const out = [from, t.offsetNanoseconds / 1e9];
	while ((t = t.getTimeZoneTransition("next")) && t.epochMilliseconds < to * 1000) out.push(t.epochMilliseconds / 1000, t.offsetNanoseconds / 1e9);
	return out.join(" ");
}`

// spansOf lists a zone's offsets by Temporal.
func spansOf(t *testing.T, ask safejs.Value, zone string) []scheduletest.Span {
	t.Helper()
	v, err := ask.Invoke(zone, scheduletest.From-3*86400, scheduletest.To)
	if err != nil {
		t.Fatal(err)
	}
	var out []scheduletest.Span
	var n, sign int64 = 0, 1
	var all []int64
	for _, c := range text(v) + " " {
		switch {
		case c == '-':
			sign = -1
		case c == ' ':
			all, n, sign = append(all, n*sign), 0, 1
		default:
			n = n*10 + int64(c-'0')
		}
	}
	for i := 0; i+1 < len(all); i += 2 {
		out = append(out, scheduletest.Span{From: all[i], Offset: all[i+1]})
	}
	return out
}

// TestZoneOracle compares schedules over the host's zones with the oracle. The run over
// every zone takes a quarter of an hour: -args -all -test.timeout 0.
func TestZoneOracle(t *testing.T) {
	names := []string{"Europe/Berlin", "Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe", "Africa/Monrovia", "America/Noronha"}
	exprs := []string{"0 7 10 * *", "30 2 * * *", "30 1 * * SUNL", "0 0 29 2 *"}
	if *allZones {
		names = scheduletest.Zones()
	} else {
		exprs = append(exprs, "1 * 24-31 3,10 SUN")
	}
	ask := eval(t, transitions)
	runs, unknown := 0, []string{}
	for _, name := range names {
		runtime.GC() // a loop that never waits keeps the collector from its turn
		zone, err := LoadZone(name)
		if err != nil {
			unknown = append(unknown, name)
			continue
		}
		spans := spansOf(t, ask, name)
		for _, expr := range exprs {
			n, difference := scheduletest.Compare(expr, zone, spans)
			if runs += n; difference != "" {
				t.Errorf("%s: %s", name, difference)
			}
		}
	}
	t.Logf("%d zones, %d runs compared; unknown here: %q", len(names)-len(unknown), runs, unknown)
	if len(unknown) > 12 {
		t.Errorf("the host does not know %d zones", len(unknown))
	}
}

func TestLoadZone(t *testing.T) {
	if _, err := LoadZone("Atlantis/Capital"); err == nil {
		t.Error("a zone that does not exist was loaded")
	}
	z, err := LoadZone("")
	if err != nil {
		t.Fatal(err)
	}
	for _, unix := range []int64{0, -1 << 37, 1 << 37, 1 << 60, -1 << 60} {
		if o, from, until := z.Period(unix); o != 0 || from > unix || until <= unix {
			t.Errorf("UTC at %d: %d from %d to %d", unix, o, from, until)
		}
	}
	// A year before 1000, and a month of the farthest future.
	var _ schedule.Zone = z
	berlin, err := LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, unix := range []int64{-40e9, 200e9} {
		if o, _, _ := berlin.Period(unix); o < 3000 || o > 7200 {
			t.Errorf("Berlin at %d: %d", unix, o)
		}
	}
}
