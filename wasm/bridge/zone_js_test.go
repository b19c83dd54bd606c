//go:build js

package bridge

import (
	"flag"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // Go's database, to compare the host's with

	"github.com/hack-pad/safejs"

	"larder/cache/schedule"
	"larder/cache/schedule/scheduletest"
)

var allZones = flag.Bool("all", false, "compare every zone with the oracle, not a sample")

// changes lists a zone's offsets by another way than Zone has, as instants and offsets in
// seconds: Temporal knows when clocks are set. For the few names that only Intl knows it
// goes through the hours; there "longOffset" says how far the clocks are ahead.
const changes = `(zone, from, to) => {
	const out = [];
	const add = (at, offset) => offset === out.at(-1) || out.push(at, offset);
	try {
		let t = Temporal.Instant.fromEpochMilliseconds(from * 1000).toZonedDateTimeISO(zone);
		add(from, t.offsetNanoseconds / 1e9);
		while ((t = t.getTimeZoneTransition("next")) && t.epochMilliseconds < to * 1000) add(t.epochMilliseconds / 1000, t.offsetNanoseconds / 1e9);
		return out.join(" ");
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
	}
	const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
	const offset = (at) => {
		const [, sign, h, m, s] = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(format.format(at * 1000));
		return h ? (sign === "-" ? -1 : 1) * (h * 3600 + m * 60 + Number(s ?? 0)) : 0;
	};
	out.length = 0;
	for (let at = from, was = NaN; at < to; at += 3600) {
		const is = offset(at);
		let [before, after] = [at - 3600, at];
		while (out.length > 0 && is !== was && after - before > 1) {
			const mid = (before + after) >> 1;
			if (offset(mid) === was) before = mid;
			else after = mid;
		}
		add(after, (was = is));
	}
	return "Intl " + out.join(" ");
}`

// hostSpans lists a zone's offsets by changes, and whether Temporal knew the zone.
func hostSpans(t *testing.T, ask safejs.Value, zone string) (spans []scheduletest.Span, temporal bool) {
	t.Helper()
	v, err := ask.Invoke(zone, scheduletest.From-3*86400, scheduletest.To)
	if err != nil {
		t.Fatalf("%s: %v", zone, err)
	}
	said, intl := strings.CutPrefix(text(v), "Intl ")
	var all []int64
	for _, f := range strings.Fields(said) {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", zone, err)
		}
		all = append(all, n)
	}
	for pair := range slices.Chunk(all, 2) {
		spans = append(spans, scheduletest.Span{From: pair[0], Offset: pair[1]})
	}
	return spans, !intl
}

// goSpans lists a zone's offsets by the database of the Go that runs the test.
func goSpans(t *testing.T, zone string) []scheduletest.Span {
	t.Helper()
	l, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return scheduletest.Spans(func(unix int64) int64 {
		_, offset := time.Unix(unix, 0).In(l).Zone()
		return int64(offset)
	}, 3*3600)
}

// disagreement lists the years in which two databases have a zone's clocks differ.
func disagreement(a, b []scheduletest.Span) []int {
	var years []int
	at := scheduletest.From
	for at < scheduletest.To {
		until := scheduletest.To
		offset := func(spans []scheduletest.Span) (o int64) {
			for _, s := range spans {
				if s.From > at {
					until = min(until, s.From)
					break
				}
				o = s.Offset
			}
			return o
		}
		if offset(a) != offset(b) {
			last := time.Unix(until-1, 0).UTC().Year()
			for y := time.Unix(at, 0).UTC().Year(); y <= last; y++ {
				years = append(years, y)
			}
		}
		at = until
	}
	return slices.Compact(years)
}

// rare are zones whose clocks do rare things.
var rare = []string{"Europe/Berlin", "Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe", "Africa/Monrovia", "America/Noronha"}

// TestZoneOracle compares schedules over the host's zones with the oracle over the same
// host's clocks, which it asks in another way: there must be no difference. That the host
// has another edition of the zone database than Go is no fault of either; where their
// clocks differ is listed, zone by zone with the years. The run over every zone takes some
// ten minutes; package scheduletest has the command.
func TestZoneOracle(t *testing.T) {
	names := rare
	if *allZones {
		names = scheduletest.Zones()
	}
	exprs := []string{"0 7 10 * *", "30 2 * * *", "30 1 * * SUNL", "0 0 29 2 *", "1 * 24-31 3,10 SUN"}
	ask := eval(t, changes)
	runs, spans, other := 0, 0, 0
	var unknown, byIntl []string
	for _, name := range names {
		runtime.GC() // a loop that never waits keeps the collector from its turn
		zone, err := LoadZone(name)
		if err != nil {
			unknown = append(unknown, name)
			continue
		}
		host, temporal := hostSpans(t, ask, name)
		if !temporal {
			byIntl = append(byIntl, name)
		}
		if years := disagreement(host, goSpans(t, name)); len(years) > 0 {
			t.Logf("the databases differ: %s in %d", name, years)
			other++
		}
		spans += len(host)
		for _, expr := range exprs {
			n, difference := scheduletest.Compare(expr, zone, host)
			if runs += n; difference != "" {
				t.Errorf("%s: %s", name, difference)
			}
		}
	}
	t.Logf("%d zones with %d spans, %d expressions, %d runs compared; not by Temporal: %q; unknown here: %q; zones where Go has other clocks: %d",
		len(names)-len(unknown), spans, len(exprs), runs, byIntl, unknown, other)
	if len(unknown) > 12 || other > len(names)/10 {
		t.Errorf("the host does not know %d zones and has other clocks in %d", len(unknown), other)
	}
}

func TestDisagreement(t *testing.T) {
	at := func(y int) int64 { return time.Date(y, 7, 1, 0, 0, 0, 0, time.UTC).Unix() }
	a := []scheduletest.Span{{From: 0, Offset: 1}, {From: at(1980), Offset: 2}, {From: at(1990), Offset: 1}}
	b := []scheduletest.Span{{From: 0, Offset: 1}, {From: at(1978), Offset: 2}, {From: at(1990), Offset: 1}, {From: at(2037), Offset: 3}}
	if got := disagreement(a, b); !slices.Equal(got, []int{1978, 1979, 1980, 2037}) {
		t.Error(got)
	}
	if got := disagreement(a, a); got != nil {
		t.Error(got)
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
