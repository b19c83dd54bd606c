//go:build js

package bridge

import (
	"sync"
	"time"

	"github.com/hack-pad/safejs"
)

// Zone is a place's clocks by the host's own database (Intl.DateTimeFormat), so that
// no program carries one. It is a schedule.Zone. Safe for concurrent use.
type Zone struct {
	format safejs.Value

	mu    sync.Mutex
	spans map[int64]zoneSpan
}

// zoneSpan is what is known about a piece of time of spanSeconds: the offset at its
// start, that at the start of the next one, and from when on the latter holds. Clocks
// are set at most once in it.
type zoneSpan struct{ before, after, change int64 }

// spanSeconds is three days. In all of the zone database no clocks were set twice within
// that time since 1900; the closest are 95 hours apart.
const spanSeconds = 1 << 18

// maxSpans bounds the memory of a Zone; far more than one search needs.
const maxSpans = 1 << 10

// The years that the host's format writes with plain digits, as Unix seconds.
const firstSecond, lastSecond = -62135596800 + spanSeconds, 253402300799 - spanSeconds

// zones are those that were loaded; a host has some hundreds.
var zones sync.Map

// LoadZone returns an IANA zone, such as "Europe/Berlin"; "" is UTC. It fails for one
// that the host does not know.
func LoadZone(name string) (*Zone, error) {
	if name == "" {
		name = "UTC"
	}
	if z, ok := zones.Load(name); ok {
		return z.(*Zone), nil
	}
	intl, err := class("Intl").Get("DateTimeFormat")
	if err != nil {
		return nil, wrap("zone", err)
	}
	n := "numeric"
	f, err := intl.New("en-US", map[string]any{"timeZone": name, "hourCycle": "h23", "calendar": "gregory", "numberingSystem": "latn",
		"year": n, "month": n, "day": n, "hour": n, "minute": n, "second": n})
	if err != nil {
		return nil, wrap("zone", err)
	}
	z := &Zone{format: f, spans: map[int64]zoneSpan{}}
	zones.Store(name, z)
	return z, nil
}

// Period implements schedule.Zone.
func (z *Zone) Period(unix int64) (offset, from, until int64) {
	z.mu.Lock()
	defer z.mu.Unlock()
	k := unix >> 18
	s, ok := z.spans[k]
	if !ok {
		if len(z.spans) >= maxSpans {
			clear(z.spans)
		}
		s = z.look(k)
		z.spans[k] = s
	}
	if unix < s.change {
		return s.before, k * spanSeconds, s.change
	}
	return s.after, s.change, (k + 1) * spanSeconds
}

// look asks the host about a piece of time; its ends may be known from the neighbours.
func (z *Zone) look(k int64) zoneSpan {
	start, end := k*spanSeconds, (k+1)*spanSeconds
	s := zoneSpan{change: end}
	if earlier, ok := z.spans[k-1]; ok {
		s.before = earlier.after
	} else {
		s.before = z.offset(start)
	}
	if later, ok := z.spans[k+1]; ok {
		s.after = later.before
	} else {
		s.after = z.offset(end)
	}
	for s.after != s.before && s.change-start > 1 {
		if mid := (start + s.change) / 2; z.offset(mid) == s.before {
			start = mid
		} else {
			s.change = mid
		}
	}
	return s
}

// offset is how far the zone's clocks are ahead of UTC, in seconds: the difference of
// what they show ("10/25/2026, 03:00:00") and the instant. What the host cannot say
// counts as UTC.
func (z *Zone) offset(unix int64) int64 {
	unix = min(max(unix, firstSecond), lastSecond)
	v, err := z.format.Call("format", unix*1000)
	if err != nil || kindOf(v) != safejs.TypeString {
		return 0
	}
	var n [6]int
	at, inside := -1, false
	for _, c := range []byte(text(v)) {
		digit := c >= '0' && c <= '9'
		if digit && !inside {
			at++
		}
		if inside = digit; digit && at < len(n) {
			n[at] = n[at]*10 + int(c-'0')
		}
	}
	if at != len(n)-1 {
		return 0
	}
	return time.Date(n[2], time.Month(n[0]), n[1], n[3], n[4], n[5], 0, time.UTC).Unix() - unix
}
