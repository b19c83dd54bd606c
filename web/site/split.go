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
var (
	//go:embed worker.rules
	workerRules string
	//go:embed worker.ran
	workerRan string
)

var staysInWorker = stays(workerRules, workerRan)

// stays returns a test of a function's name against patterns, in which * stands for
// any text, and a list of names.
func stays(rules, ran string) func(function string) bool {
	names := map[string]bool{}
	for _, name := range lines(ran) {
		names[name] = true
	}
	var patterns []string
	for _, pattern := range lines(rules) {
		patterns = append(patterns, strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*"))
	}
	match := regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")$")
	return func(function string) bool { return names[function] || match.MatchString(function) }
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
