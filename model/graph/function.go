package graph

import (
	"fmt"

	"larder/model/onnx"
	"larder/model/op"
)

// maxInline bounds how deep functions may call functions; a function that
// calls itself ends here.
const maxInline = 8

type functionKey struct{ domain, name, overload string }

// call is one use of a function.
type call struct {
	fn      *onnx.Function
	attrs   op.Attrs
	in, out []*Value
}

func (b *builder) addFunctions(list []*onnx.Function) error {
	for i, fn := range list {
		k := functionKey{domain(fn.Domain), fn.Name, fn.Overload}
		if b.functions[k] != nil {
			return invalid(fmt.Sprintf("functions[%d]", i), "function %q is defined twice", fn.Name)
		}
		b.functions[k] = fn
	}
	return nil
}

// inline puts the nodes of a function in place of its call.
func (b *builder) inline(caller *scope, path string, c call) error {
	fn := c.fn
	switch {
	case caller.depth == maxInline:
		return invalid(path, "functions call each other more than %d deep", maxInline)
	case len(c.in) > len(fn.Inputs) || len(c.out) > len(fn.Outputs):
		return invalid(path, "function %q takes %d inputs and %d outputs, it has %d and %d",
			fn.Name, len(fn.Inputs), len(fn.Outputs), len(c.in), len(c.out))
	}
	size := len(fn.Inputs) + len(fn.Outputs) + len(fn.Defaults) + len(fn.Opsets) + len(c.attrs)
	if err := b.spend(path, size); err != nil {
		return err
	}
	opsets, err := imports(path+"/opset_import", fn.Opsets)
	if err != nil {
		return err
	}
	for d, v := range caller.opsets {
		if _, ok := opsets[d]; !ok {
			opsets[d] = v
		}
	}
	b.serial++
	s := &scope{path: path + "/" + clip(fn.Name), depth: caller.depth + 1, opsets: opsets,
		prefix: fmt.Sprintf("%s@%d/", clip(fn.Name), b.serial), values: map[string]*Value{},
		results: map[string]bool{}, made: map[string]bool{}, attrs: defaults(fn, c.attrs)}
	if err := s.bind(path, c); err != nil {
		return err
	}
	if err := b.addNodes(s, fn.Nodes); err != nil {
		return err
	}
	for _, name := range fn.Outputs[:len(c.out)] {
		if !s.made[name] && name != "" {
			return invalid(path, "no node of function %q makes its output %q", fn.Name, name)
		}
	}
	return nil
}

// bind gives the formal names of the function the values of the call.
func (s *scope) bind(path string, c call) error {
	for i, name := range c.fn.Inputs {
		if _, twice := s.values[name]; twice {
			return invalid(path, "function %q has two inputs %q", c.fn.Name, name)
		}
		s.values[name] = nil // an input that is not given is absent
		if i < len(c.in) {
			s.values[name] = c.in[i]
		}
	}
	for i, name := range c.fn.Outputs {
		if _, twice := s.values[name]; twice {
			return unsupported(path, "function %q returns its input or the same value twice (%q)", c.fn.Name, name)
		}
		if i < len(c.out) && c.out[i] != nil {
			s.values[name], s.results[name] = c.out[i], true
		}
	}
	return nil
}

// defaults adds the attributes that the call leaves out.
func defaults(fn *onnx.Function, given op.Attrs) op.Attrs {
	attrs := op.Attrs{}
	for _, a := range fn.Defaults {
		attrs[a.Name] = a.Value
	}
	for k, v := range given {
		attrs[k] = v
	}
	return attrs
}

// attributes reads a node's attributes; in a function's body they may refer to
// those of the call, and one that the call leaves out is absent.
func (s *scope) attributes(path string, list []*onnx.Attribute) (op.Attrs, error) {
	attrs := make(op.Attrs, len(list))
	for _, a := range list {
		v := a.Value
		if a.Ref != "" {
			var ok bool
			if v, ok = s.attrs[a.Ref]; !ok {
				continue
			}
		}
		switch x := v.(type) {
		case *onnx.Graph: // its names count here, also if a function uses it
			v = &subgraph{x, s}
		case *onnx.Type:
			v = typeOf(x)
		}
		if attrs.Has(a.Name) {
			return nil, invalid(path, "attribute %q is given twice", a.Name)
		}
		attrs[a.Name] = v
	}
	return attrs, nil
}
