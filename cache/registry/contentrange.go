package registry

import (
	"strconv"
	"strings"
)

// ParseContentRange reads a Content-Range header, "bytes 0-99/1234" or
// "bytes 0-99/*", for Fetchers. What is not of this form gives the zero Range; an
// unknown total is -1. RFC 9110, section 14.4.
func ParseContentRange(header string) (Range, int64) {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return Range{}, -1
	}
	span, size, ok := strings.Cut(rest, "/")
	first, last, ok2 := strings.Cut(span, "-")
	if !ok || !ok2 {
		return Range{}, -1
	}
	start, err1 := strconv.ParseUint(first, 10, 62)
	end, err2 := strconv.ParseUint(last, 10, 62)
	if err1 != nil || err2 != nil || end < start {
		return Range{}, -1
	}
	total := int64(-1)
	if n, err := strconv.ParseUint(size, 10, 62); err == nil {
		if n <= end {
			return Range{}, -1
		}
		total = int64(n)
	} else if size != "*" {
		return Range{}, -1
	}
	return Range{int64(start), int64(end) + 1}, total
}
