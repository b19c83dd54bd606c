package state

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// decimal formats x with a fixed number of places.
func decimal(x float64, places int) string { return strconv.FormatFloat(x, 'f', places, 64) }

// percent formats a probability as "98.4 %". What is not quite nothing or not
// quite certain is never rounded to 0 or 100.
func percent(p float64) string {
	switch {
	case math.IsNaN(p):
		return "–"
	case p > 0 && p < 0.0005:
		return "< 0.1 %"
	case p < 1 && p >= 0.9995:
		return "> 99.9 %"
	}
	return decimal(p*100, 1) + " %"
}

// unbroken keeps a figure and its unit on one line.
func unbroken(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }

// size formats a number of bytes in decimal units, as browsers and shops do.
func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 1000*1000:
		return strconv.FormatInt((n+500)/1000, 10) + " kB"
	case n < 1000*1000*1000:
		return decimal(float64(n)/1e6, 1) + " MB"
	default:
		return decimal(float64(n)/1e9, 1) + " GB"
	}
}

// amount formats a part of a size: "2.1 of 4.4 MB".
func amount(loaded, total int64) string {
	if total < 1000*1000 {
		return size(loaded) + " of " + size(total)
	}
	return decimal(float64(loaded)/1e6, 1) + " of " + size(total)
}

// milliseconds formats a duration in milliseconds as "0.4 ms", "12 ms", "1.25 s".
func milliseconds(ms float64) string {
	switch {
	case math.IsNaN(ms) || ms < 0:
		return "–"
	case ms < 0.05:
		return "< 0.1 ms"
	case ms < 9.95:
		return decimal(ms, 1) + " ms"
	case ms < 999.5:
		return decimal(ms, 0) + " ms"
	default:
		return decimal(ms/1000, 2) + " s"
	}
}

// units of rough durations, largest first.
var units = []struct {
	length     time.Duration
	one, other string
}{
	{365 * 24 * time.Hour, "year", "years"},
	{30 * 24 * time.Hour, "month", "months"},
	{24 * time.Hour, "day", "days"},
	{time.Hour, "hour", "hours"},
	{time.Minute, "minute", "minutes"},
}

// span formats a duration by its largest unit: "3 minutes". Less than a minute is
// the empty string.
func span(d time.Duration) string {
	for _, u := range units {
		switch n := int64(d / u.length); {
		case n == 1:
			return "1 " + u.one
		case n > 1:
			return strconv.FormatInt(n, 10) + " " + u.other
		}
	}
	return ""
}

// ago formats a moment in the past; a clock that runs behind makes it "just now".
func ago(now, then time.Time) string {
	if s := span(now.Sub(then)); s != "" {
		return s + " ago"
	}
	return "just now"
}

// date formats a day: "1 November 2026".
func date(t time.Time) string { return t.UTC().Format("2 January 2006") }
