package schedule

// Zone says how a place's clocks stand. Safe for concurrent use.
type Zone interface {
	// Period returns how many seconds the clocks are ahead of UTC (to the east) at an
	// instant in Unix seconds, and a span around it, from <= unix < until, in which that
	// does not change. The span need not be the longest: the caller asks again at until,
	// or before from. It must be right for every instant, so a change that is undone
	// within hours counts too. Offsets are within a day.
	Period(unix int64) (offset int64, from, until int64)
}

// UTC is the zone without offset.
var UTC Zone = fixed(0)

type fixed int64

func (f fixed) Period(int64) (int64, int64, int64) { return int64(f), -farthest, farthest }

// farthest bounds instants: about the years -6700 to 10600.
const farthest = 1 << 38

// maxOffset bounds offsets.
const maxOffset = 24 * hour

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)
