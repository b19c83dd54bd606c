package op

// Entry says which constructor makes an operator, from which opset on.
type Entry struct {
	// Domain and Type name the operator; Domain is "" for the default one.
	Domain, Type string
	// Since is the first opset of Domain in which the operator has this meaning.
	Since int
	// New makes the operator.
	New Constructor
}

// Registry finds the constructor of a node. Programs that need fewer operators
// can make a smaller one, and the linker drops the rest.
type Registry struct{ entries map[[2]string][]Entry }

// NewRegistry returns a registry of the given tables.
func NewRegistry(tables ...[]Entry) *Registry {
	r := &Registry{map[[2]string][]Entry{}}
	for _, t := range tables {
		for _, e := range t {
			r.add(e)
		}
	}
	return r
}

// add puts an entry among those of its operator, the oldest opset first. Tables are written
// in that order, for the most part, and every visit of a page goes through all of them: no
// sorting.
func (r *Registry) add(e Entry) {
	k := [2]string{e.Domain, e.Type}
	es := append(r.entries[k], e)
	for i := len(es) - 1; i > 0 && es[i-1].Since > es[i].Since; i-- {
		es[i-1], es[i] = es[i], es[i-1]
	}
	r.entries[k] = es
}

// New makes the operator of n with the newest entry that is not younger than
// n.Opset. It fails with an Unsupported error if there is none.
func (r *Registry) New(n Node) (Operator, error) {
	es := r.entries[[2]string{n.Domain, n.Type}]
	for i := len(es) - 1; i >= 0; i-- {
		if es[i].Since <= n.Opset {
			o, err := es[i].New(n)
			if c, ok := o.(*composed); ok && err == nil {
				err = c.complete(r)
			}
			if err != nil {
				return nil, err
			}
			return o, nil
		}
	}
	if len(es) > 0 {
		return nil, Unsupportedf("opset %d is too old, the first supported is %d", n.Opset, es[0].Since)
	}
	return nil, Unsupportedf("operator is not implemented")
}

// Has reports whether some version of the operator is there.
func (r *Registry) Has(domain, typ string) bool {
	return len(r.entries[[2]string{domain, typ}]) > 0
}

// All returns a registry of every operator of this package. A family's table
// stands beside its operators (conv.go holds convOps …).
func All() *Registry {
	return NewRegistry(
		// Shapes and places.
		reshapeOps, layoutOps, sliceOps, gatherOps,
		repeatOps, padOps, scatterOps, chooseOps, resizeOps,
		constantOps, castOps,
		quantizeOps, quantizedOps,
		// Values made of tensors.
		sequenceOps, optionalOps, textOps,
		// Classic machine learning (ai.onnx.ml).
		treeOps, linearOps, featureOps, labelOps, dictOps, svmOps,
		// Arithmetic element by element.
		elementwiseOps, compareOps, mathOps,
		activationOps, clipOps, preluOps, shrinkOps, softmaxOps,
		// Reductions.
		reduceOps, argOps, cumulativeOps,
		// Networks.
		convOps, poolOps, matmulOps, einsumOps, normOps, dropoutOps, lossOps,
		attentionOps, rotaryOps, recurrentOps, sampleOps, detectOps,
		signalOps, stateOps, placeOps, squareOps,
		// What tools for ONNX Runtime add.
		contribOps, contribQuantOps,
		// Refused with a reason.
		refusedOps,
		// How the first opset had some of the above.
		opset1Ops,
		// What rewrites make of several nodes.
		fusedOps, integerOps,
	)
}
