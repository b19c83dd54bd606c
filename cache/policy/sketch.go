package policy

// sketch estimates how often hashes were seen lately: a count-min sketch of four rows
// whose counters stop at 15 and are halved now and then, so that it forgets. It grows
// with the number of items. The zero value is empty.
//
// Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM
// TOS 2017. It differs in that a counter takes a whole byte: less code, and even at
// 100,000 entries it is 3 MB.
type sketch struct {
	rows  [sketchRows][]uint8
	seen  int // since the last halving
	limit int // halve at so many
}

const (
	sketchRows = 4
	sketchMin  = 256 // counters of a row
	sketchMax  = 15
	// sketchLoad is how many counters a row has for each item, so that they seldom share.
	sketchLoad = 8
	// sketchSample is how many requests for each item are remembered.
	sketchSample = 10
)

// fit makes room for so many items. Growing keeps what is known: both halves of a new
// row start as copies of the old one.
func (s *sketch) fit(items int) {
	width := max(len(s.rows[0]), sketchMin)
	for width < items*sketchLoad {
		width *= 2
	}
	for i, row := range s.rows {
		for len(row) < width {
			if len(row) == 0 {
				row = make([]uint8, sketchMin)
				continue
			}
			row = append(row, row...)
		}
		s.rows[i] = row
	}
	s.limit = max(items, sketchMin/sketchLoad) * sketchSample
}

// at returns a hash's place in a row.
func (s *sketch) at(row int, hash uint64) *uint8 {
	hash ^= uint64(row+1) * 0x9e3779b97f4a7c15
	hash *= 0xbf58476d1ce4e5b9
	hash ^= hash >> 32
	return &s.rows[row][hash&uint64(len(s.rows[row])-1)]
}

// see counts a hash. Only its lowest counters grow, so that one that is shared with
// others misleads less.
func (s *sketch) see(hash uint64) {
	low := s.count(hash)
	if low < sketchMax {
		for i := range s.rows {
			if c := s.at(i, hash); *c == low {
				*c++
			}
		}
	}
	if s.seen++; s.seen >= s.limit {
		s.age()
	}
}

// count estimates how often a hash was seen; never less than it was, but for aging.
func (s *sketch) count(hash uint64) uint8 {
	low := *s.at(0, hash)
	for i := 1; i < sketchRows; i++ {
		low = min(low, *s.at(i, hash))
	}
	return low
}

func (s *sketch) age() {
	for _, row := range s.rows {
		for i := range row {
			row[i] /= 2
		}
	}
	s.seen /= 2
}
