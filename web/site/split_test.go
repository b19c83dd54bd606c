package site

import "testing"

func TestStays(t *testing.T) {
	test := stays("# a comment\n\npkg/one.*\nruntime.(*mspan).*\n*Error).Error\n~pkg/most.*\n!pkg/one.Rare*\n!pkg/two.Rare\n", "pkg/two.Ran\npkg/two.Rare\n slices.Sort[go.shape.int] \n", "pkg/most.Idle\npkg/one.Idle\n")
	for function, want := range map[string]bool{
		"pkg/one.F":                 true,
		"pkg/one.(*T).F.func1":      true,
		"pkg/oneX.F":                false,
		"pkgXone.F":                 false,
		"runtime.(*mspan).base":     true,
		"runtime.mspan":             false,
		"pkg/two.Ran":               true,
		"pkg/two.RanToo":            false,
		"slices.Sort[go.shape.int]": true,
		"slices.Sort":               false,
		"pkg/two.(*MyError).Error":  true,
		"pkg/most.New":              true,
		"pkg/most.Idle":             false,
		"pkg/one.Idle":              true,
		"pkg/one.Rarely":            false,
		"pkg/two.Rare":              false,
		"# a comment":               false,
		"":                          false,
	} {
		if got := test(function); got != want {
			t.Errorf("%q: %v", function, got)
		}
	}
}

func TestStaysInWorker(t *testing.T) {
	for function, want := range map[string]bool{
		"main.main":                 true,
		"runtime.throw":             true,
		"larder/model/plan.Build":   true,
		"larder/model/op.notSoFast": false,
	} {
		if got := staysInWorker(function); got != want {
			t.Errorf("%q: %v", function, got)
		}
	}
}

func TestNever(t *testing.T) {
	test := never("# a comment\n\npkg/one.*\nruntime.trace*\n", "runtime.traceRan\n")
	for function, want := range map[string]bool{
		"pkg/one.F":            true,
		"pkg/one.init.0.func1": true,
		"pkg/one.init.0":       false,
		"pkg/one.init":         false,
		"pkg/oneX.F":           false,
		"runtime.traceStop":    true,
		"runtime.traceRan":     false,
		"# a comment":          false,
		"":                     false,
	} {
		if got := test(function); got != want {
			t.Errorf("%q: %v", function, got)
		}
	}
}

func TestNeverInWorker(t *testing.T) {
	for function, want := range map[string]bool{
		"runtime.traceLocker.GoStart": true,
		"runtime.tracebackPCs":        false,
		"internal/bisect.New":         true,
		"internal/bisect.init.0":      false,
	} {
		if got := neverInWorker(function); got != want {
			t.Errorf("%q: %v", function, got)
		}
	}
}
