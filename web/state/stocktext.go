package state

import (
	"strconv"
	"time"

	"larder/wasm/message"
)

// freshnessText says how fresh a model is.
func freshnessText(f string) Exact {
	switch f {
	case message.Fresh:
		return Exact{"fresh", "the registry confirmed it within its time to live"}
	case message.Revalidating:
		return Exact{"due for a check", "its time to live is over, not long ago: it serves, and the registry is asked behind it"}
	case message.Expired:
		return Exact{"expired", "it was not confirmed for longer than it may serve without the registry"}
	case message.Stale:
		return Exact{"stale", "its time to live is over; the registry is asked at the next use"}
	}
	return Exact{f, ""}
}

// count formats a number of things.
func count(n int64, one, other string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + other
}

// grouped formats a whole number with a space between groups of three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func exactSize(n int64) Exact { return Exact{size(n), grouped(n) + " bytes"} }

// exactTime formats a moment to the second, with its offset from UTC.
func exactTime(t time.Time) string { return t.Format("2 January 2006, 15:04:05 (UTC-07:00)") }

// RoomView is what the browser says about this site's storage.
type RoomView struct {
	Where   string // where models are kept
	Models  Exact  // what the models take
	Site    Exact  // what the site takes, of what it may; empty if not known
	Share   string // of the quota, 0 to 1, for a meter; empty if not known
	Promise string // whether the browser may clear it
	Askable bool   // VerbPersist may change that
}

func (s *Stock) roomView() RoomView {
	v := RoomView{Where: "not known yet", Models: exactSize(s.stats.StoreBytes)}
	if !s.read {
		return v
	}
	v.Where = "in this browser (IndexedDB)"
	if s.stats.Storage == message.StorageMemory {
		v.Where = "in memory only: this browser gives no storage, and they are gone with this page"
	}
	v.Models.Text += " in " + count(s.stats.StoreChunks, "piece", "pieces")
	r := s.room
	if r.Usage >= 0 && r.Quota > 0 {
		v.Site = Exact{size(r.Usage) + " of " + size(r.Quota), grouped(r.Usage) + " of " + grouped(r.Quota) + " bytes, as the browser estimates"}
		v.Share = decimal(min(float64(r.Usage)/float64(r.Quota), 1), 4)
	}
	switch {
	case r.Persisted == nil:
		v.Promise = "This browser does not say whether it keeps them when room gets short."
	case *r.Persisted:
		v.Promise = "The browser promised to keep them when room gets short."
	default:
		v.Promise, v.Askable = "The browser may clear them when room gets short.", true
	}
	return v
}
