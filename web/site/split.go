package site

import (
	_ "embed"
	"regexp"
	"strings"
)

// Which functions of the worker a visit needs: those that the rules name, one
// pattern a line, and those that were seen to run, one name a line (./build.sh
// record writes them). A function that neither knows goes into worker-more.wasm,
// which costs the first model that runs it some 50 ms; so new code for rare models
// needs nothing, and new code for every visit wants a rule or a new record.
//
// In packages that visits run for the most part, it is the other way round: there the
// record lists what did not run, and new code stays. And a rule may take functions out
// again that few visits need, whatever other rules and the record say.
var (
	//go:embed worker.rules
	workerRules string
	//go:embed worker.ran
	workerRan string
	//go:embed worker.idle
	workerIdle string
	//go:embed worker.never
	workerNever string
)

var (
	staysInWorker = stays(workerRules, workerRan, workerIdle)
	neverInWorker = never(workerNever, workerRan)
)

// initialiser matches the names of what initialises a package.
var initialiser = regexp.MustCompile(`\.init(\.\d+)?$`)

// never returns a test of a function's name against patterns of functions that do not
// run, without those that were seen to and those that every program runs.
func never(patterns, ran string) func(function string) bool {
	isRan := names(ran)
	var list []string
	for _, p := range lines(patterns) {
		list = append(list, strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*"))
	}
	is := anyOf(list)
	return func(function string) bool {
		return is.MatchString(function) && !isRan[function] && !initialiser.MatchString(function)
	}
}

// stays returns a test of a function's name against patterns, in which * stands for
// any text, and lists of names. Functions of a pattern behind ~ stay unless they are
// among the idle ones; those of a pattern behind ! never stay.
func stays(rules, ran, idle string) func(function string) bool {
	isRan, isIdle := names(ran), names(idle)
	var always, mostly, never []string
	for _, pattern := range lines(rules) {
		pattern, out := strings.CutPrefix(pattern, "!")
		pattern, mild := strings.CutPrefix(pattern, "~")
		pattern = strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
		switch {
		case out:
			never = append(never, pattern)
		case mild:
			mostly = append(mostly, pattern)
		default:
			always = append(always, pattern)
		}
	}
	isAlways, isMostly, isNever := anyOf(always), anyOf(mostly), anyOf(never)
	return func(function string) bool {
		if isNever.MatchString(function) {
			return false
		}
		return isRan[function] || isAlways.MatchString(function) || isMostly.MatchString(function) && !isIdle[function]
	}
}

// anyOf returns the pattern of names that match one of the patterns.
func anyOf(patterns []string) *regexp.Regexp {
	return regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")$")
}

// names returns the set of a text's lines.
func names(text string) map[string]bool {
	set := map[string]bool{}
	for _, name := range lines(text) {
		set[name] = true
	}
	return set
}

// lines returns the lines of a text without empty ones and comments.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
