package site

import (
	"errors"
	"fmt"
)

// budget is the most that one artefact, or a group of them, may weigh. A visit
// pays for every byte, so growth is a decision: raise a number here with a reason.
type budget struct {
	name   string
	parts  []string // artefacts by their source names
	brotli int      // bytes, brotli
}

// visitParts are what a visit with an image model loads.
var visitParts = []string{"assets/worker.wasm", "assets/worker.js", "assets/thread.js", "assets/kernels-relaxed-shared.wasm", "larder.js"}

// budgets hold for every build; parts that a build does not have weigh nothing.
var budgets = []budget{
	{"app", []string{"assets/app.wasm"}, 540_000},
	{"worker", []string{"assets/worker.wasm"}, 710_000},
	// What a visit loads. The goal is to stay below 1,000,000. Of the kernels' twins, of
	// which a browser takes one, the largest stands for all.
	{"runtime of a visit (worker, kernels, scripts)", visitParts, 750_000},
	// With what rare models need besides. The goal is to stay below 1,200,000.
	{"runtime with everything (and worker-more)", append([]string{"assets/worker-more.wasm"}, visitParts...), 1_200_000},
}

// CheckBudgets returns an error that names every artefact above its budget.
func (r *Report) CheckBudgets() error { return r.checkBudgets(budgets) }

func (r *Report) checkBudgets(limits []budget) error {
	var errs []error
	for _, limit := range limits {
		if sum := r.sum(limit.parts); sum.brotli() > limit.brotli {
			errs = append(errs, fmt.Errorf("site: %s is %d bytes with brotli, over its budget of %d", limit.name, sum.brotli(), limit.brotli))
		}
	}
	return errors.Join(errs...)
}
