package host

import (
	"strconv"
	"strings"
)

// negotiate picks a content coding for a list of Accept-Encoding fields
// (RFC 9110, 12.5.3). available lists the codings that exist, best first; the
// identity always exists and is the empty string. The highest weight wins, a tie
// goes to the earlier one in available, and the identity loses ties.
func negotiate(fields, available []string) string {
	weights := map[string]float64{}
	for _, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			coding, weight := parseCoding(item)
			if coding != "" {
				weights[coding] = weight
			}
		}
	}
	best, bestWeight := "", identityWeight(weights)
	for i := len(available) - 1; i >= 0; i-- {
		weight, named := weights[available[i]]
		if !named {
			weight = weights["*"]
		}
		if weight > 0 && weight >= bestWeight {
			best, bestWeight = available[i], weight
		}
	}
	return best
}

// identityWeight is the weight of the identity: the client's own figure where it
// gave one, else below every coding that it asked for.
func identityWeight(weights map[string]float64) float64 {
	if weight, named := weights["identity"]; named {
		return weight
	}
	return 0
}

// parseCoding splits "gzip;q=0.5" into a lower-case coding and its weight. A
// malformed weight is 0: a coding that the client may not want is never sent.
func parseCoding(item string) (string, float64) {
	coding, parameter, weighted := strings.Cut(item, ";")
	coding = strings.ToLower(strings.TrimSpace(coding))
	if coding == "x-gzip" {
		coding = "gzip" // RFC 9110, 8.4.1.3
	}
	if !weighted {
		return coding, 1
	}
	key, value, _ := strings.Cut(parameter, "=")
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !strings.EqualFold(strings.TrimSpace(key), "q") || err != nil || !(weight >= 0 && weight <= 1) {
		return coding, 0
	}
	return coding, weight
}
