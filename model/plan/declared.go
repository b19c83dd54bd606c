package plan

import (
	"larder/model/graph"
	"larder/model/tensor"
)

// Declared returns the input shapes that a graph declares; the first dimension of
// an input may be guessed.
func Declared(g *graph.Graph) (shapes map[string]tensor.Shape, known, guessed bool) {
	shapes = map[string]tensor.Shape{}
	for _, v := range g.Inputs {
		if !v.Declared.Ranked {
			return nil, false, false
		}
		s := v.Declared.Shape.Clone()
		if len(s) > 0 && s[0] < 0 {
			s[0], guessed = 1, true
		}
		if !s.Known() {
			return nil, false, false
		}
		shapes[v.Name] = s
	}
	return shapes, true, guessed
}
