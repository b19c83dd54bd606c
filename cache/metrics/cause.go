package metrics

// Cause says why an entry left a tier.
type Cause uint8

// The causes.
const (
	Expired   Cause = iota // its time to live was over
	Size                   // others needed its room
	Replaced               // a new value came under its key
	Collected              // it was held weakly, and nobody else held it any more
	Explicit               // the program said so
	Causes                 // how many there are
)

var causeNames = [Causes]string{"expired", "size", "replaced", "collected", "explicit"}

// String names the cause, as events and statistics do.
func (c Cause) String() string {
	if c < Causes {
		return causeNames[c]
	}
	return "unknown"
}
