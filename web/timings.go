package web

import "larder/web/state"

// Timings is the table of where the time of an answer went.
type Timings struct {
	Rows []state.TimingView
}
