package state

import "larder/wasm/message"

// TierView is one tier of the cache.
type TierView struct {
	Name   string
	About  string // what it holds
	Hits   Exact
	Misses string
	Loads  Exact // what came in: how often, how much
	Now    Exact // what is in it
	Took   Exact // the median and the slowest of a hundred
	Left   Exact // what left it, with the causes
}

// tierNames lists the tiers in the order in which they are asked.
var tierNames = []struct{ key, name, about string }{
	{message.TierPredictions, "Answers", "given before"},
	{message.TierMemory, "Memory", "models of this page"},
	{message.TierStore, "Storage", "this device, all pages"},
	{message.TierRegistry, "Registry", "the network"},
}

func tierViews(tiers map[string]message.Tier) []TierView {
	var out []TierView
	for _, n := range tierNames {
		if t, ok := tiers[n.key]; ok {
			out = append(out, newTier(n.name, n.about, &t))
		}
	}
	return out
}

func newTier(name, about string, t *message.Tier) TierView {
	v := TierView{Name: name, About: about, Hits: Exact{Text: grouped(t.Hits)}, Misses: grouped(t.Misses), Loads: Exact{Text: grouped(t.Loads)}}
	if t.WeakHits > 0 {
		v.Hits.Title = grouped(t.WeakHits) + " of them with what only its user still held"
	}
	if t.Loads > 0 || t.BytesLoaded > 0 {
		v.Loads = Exact{grouped(t.Loads) + " · " + size(t.BytesLoaded), grouped(t.BytesLoaded) + " bytes, " + count(t.Failures, "failure", "failures")}
	}
	v.Now = Exact{"–", ""}
	if t.Entries > 0 || t.Bytes > 0 {
		v.Now = Exact{grouped(t.Entries) + " · " + size(t.Bytes), grouped(t.Bytes) + " bytes, " + grouped(t.Leases) + " in use, " + grouped(t.Weak) + " held weakly"}
	}
	v.Took = took(t)
	v.Left = left(t.Evictions)
	return v
}

// took tells the time of hits; of a tier that has none, that of its loads.
func took(t *message.Tier) Exact {
	l, what := t.HitTime, "hits"
	if l.Count == 0 {
		l, what = t.LoadTime, "loads"
	}
	if l.Count == 0 {
		return Exact{Text: "–"}
	}
	return Exact{milliseconds(l.P50) + " / " + milliseconds(l.P99),
		"median and 99th percentile of " + grouped(l.Count) + " " + what + "; mean " + milliseconds(l.Mean)}
}

// causes are the reasons for leaving a tier, in the order in which they are told.
var causes = []struct{ key, words string }{
	{"expired", "expired"}, {"size", "for room"}, {"replaced", "replaced"}, {"collected", "unused"}, {"explicit", "removed"},
}

func left(evictions map[string]int64) Exact {
	var sum int64
	text := ""
	for _, c := range causes {
		n := evictions[c.key]
		if n == 0 {
			continue
		}
		if sum > 0 {
			text += ", "
		}
		sum += n
		text += grouped(n) + " " + c.words
	}
	if sum == 0 {
		return Exact{Text: "–"}
	}
	return Exact{text, count(sum, "entry", "entries") + " in all"}
}
