package web

import "larder/web/state"

// Stock is the Larder page: what is stored on this device, and what happens to it.
type Stock struct {
	View    *state.StockView
	Status  string
	Actions Actions
}

// tierFacts are the figures of one tier.
func tierFacts(t *state.TierView) []state.FactView {
	return []state.FactView{
		{Label: "Hits", Exact: t.Hits},
		{Label: "Misses", Exact: state.Exact{Text: t.Misses}},
		{Label: "Came in", Exact: t.Loads},
		{Label: "Holds", Exact: t.Now},
		{Label: "Took (p50 / p99)", Exact: t.Took},
		{Label: "Left", Exact: t.Left},
	}
}
