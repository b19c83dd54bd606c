package graph

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"larder/model/onnx"
	"larder/model/op"
	"larder/model/tensor"
)

const (
	// maxNodes bounds a graph after the functions are put in place, which can
	// double it at every level.
	maxNodes = 1 << 17
	// maxWork bounds everything else that calls of functions can multiply:
	// inputs, outputs, attributes, and calls of nothing.
	maxWork = 1 << 19
	// maxNamed bounds how much of a name goes into paths and into the names of
	// values inside functions.
	maxNamed = 64
)

// Build checks a decoded model and connects it. It fails with an *Error for a
// broken graph, a *NodeError for a node that breaks the specification, and an
// *UnsupportedError that lists all operators that reg lacks.
func Build(m *onnx.Model, reg *op.Registry) (*Graph, error) {
	opsets, err := imports("opset_import", m.Opsets)
	if err != nil {
		return nil, err
	}
	b := &builder{
		g:         &Graph{Name: m.Graph.Name, Opset: opsets[""], Fixed: map[string]bool{}},
		reg:       reg,
		functions: map[functionKey]*onnx.Function{},
		names:     map[string]bool{},
	}
	if err := b.addFunctions(m.Functions); err != nil {
		return nil, err
	}
	if err := b.build(m, opsets); err != nil {
		return nil, err
	}
	return b.g, nil
}

type builder struct {
	g         *Graph
	reg       *op.Registry
	functions map[functionKey]*onnx.Function
	names     map[string]bool // of all values
	serial    int             // makes names unique
	work      int
	missing   []*NodeError
}

// scope holds the values that names mean in a graph or a function's body.
type scope struct {
	path, prefix string
	depth        int
	opsets       map[string]int
	values       map[string]*Value
	results      map[string]bool // values of the caller that a node here makes
	made         map[string]bool // by a node of this scope
	attrs        op.Attrs        // of the function's caller
	outer        *scope          // around a body, nil elsewhere
	captured     []captured      // what a body reads of it
}

func (b *builder) build(m *onnx.Model, opsets map[string]int) error {
	s := &scope{path: "graph", opsets: opsets, values: map[string]*Value{}, made: map[string]bool{}}
	if err := b.addInitializers(s, m.Graph); err != nil {
		return err
	}
	if err := b.addInputs(s, m.Graph, m.IRVersion); err != nil {
		return err
	}
	if err := b.addNodes(s, m.Graph.Nodes); err != nil {
		return err
	}
	if len(b.missing) > 0 {
		return &UnsupportedError{b.missing}
	}
	if err := b.checkKinds(m.Graph); err != nil {
		return err
	}
	if err := b.addOutputs(s, m.Graph); err != nil {
		return err
	}
	return sortNodes(b.g)
}

// imports reads a list of opsets; domains are in their short form.
func imports(path string, list []onnx.Opset) (map[string]int, error) {
	opsets := map[string]int{}
	for _, o := range list {
		d := domain(o.Domain)
		if o.Version < 1 || o.Version > 1<<20 {
			return nil, invalid(path, "version %d of domain %q", o.Version, o.Domain)
		}
		if v, ok := opsets[d]; ok && v != int(o.Version) {
			return nil, invalid(path, "domain %q is imported as version %d and %d", o.Domain, v, o.Version)
		}
		opsets[d] = int(o.Version)
	}
	return opsets, nil
}

// domain returns the short form of the default domain.
func domain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

// newValue makes a value with a name that no other has. Inside functions, long
// names are cut: many calls would multiply them.
func (b *builder) newValue(s *scope, name string) *Value {
	full := name
	if s.depth > 0 {
		full = s.prefix + clip(name)
	}
	for b.names[full] {
		b.serial++
		full = fmt.Sprintf("%s%s#%d", s.prefix, clip(name), b.serial)
	}
	b.names[full] = true
	return &Value{Name: full}
}

func clip(s string) string {
	if len(s) > maxNamed {
		return s[:maxNamed] + "…"
	}
	return s
}

// spend refuses a model whose functions blow up.
func (b *builder) spend(path string, n int) error {
	if b.work += n; b.work > maxWork {
		return unsupported(path, "the graph is too large when its functions are put in place")
	}
	return nil
}

func (b *builder) addInitializers(s *scope, g *onnx.Graph) error {
	for i, t := range g.Initializers {
		if t.Name == "" {
			return invalid(initializerPath(i), "the initializer has no name")
		}
		if s.values[t.Name] != nil {
			return invalid(initializerPath(i), "there are two initializers %q", t.Name)
		}
		v := b.newValue(s, t.Name)
		v.Const = t.Data
		s.values[t.Name] = v
	}
	return nil
}

// addInputs declares the inputs. One that has an initializer too is optional;
// before IR version 4 it is a constant, because every initializer had to be
// declared as an input then.
func (b *builder) addInputs(s *scope, g *onnx.Graph, ir int64) error {
	seen := map[string]bool{}
	for _, in := range g.Inputs {
		path := portPath("input", in.Name)
		if seen[in.Name] {
			return invalid(path, "there are two inputs of this name")
		}
		seen[in.Name] = true
		v := s.values[in.Name]
		if v != nil && ir < 4 {
			b.g.Fixed[in.Name] = true
			continue
		}
		if v == nil {
			v = b.newValue(s, in.Name)
			s.values[in.Name] = v
		}
		v.Default, v.Const = v.Const, nil
		v.declare(in.Type)
		if err := v.checkDefault(path); err != nil {
			return err
		}
		b.g.Inputs = append(b.g.Inputs, v)
	}
	return nil
}

// declare takes over a declared type.
func (v *Value) declare(t *onnx.Type) {
	if t == nil || t.Kind == 0 {
		return
	}
	v.Declared, v.Symbols = typeOf(t), nil
	if t.Kind == onnx.TensorKind {
		for _, d := range t.Dims {
			v.Symbols = append(v.Symbols, d.Name)
		}
	}
}

// typeOf returns what a type says; nothing for kinds that checkKinds refuses.
func typeOf(t *onnx.Type) op.Value {
	if t == nil {
		return op.Value{}
	}
	switch t.Kind {
	case onnx.TensorKind:
		v := op.Value{DType: t.Elem, Ranked: t.Ranked}
		for _, d := range t.Dims {
			v.Shape = append(v.Shape, d.Size)
		}
		return v
	case onnx.SequenceKind:
		return op.SequenceOf(typeOf(t.Of), tensor.Unknown)
	case onnx.OptionalKind:
		return op.OptionalOf(typeOf(t.Of))
	case onnx.MapKind:
		elem := typeOf(t.Of)
		return op.Value{DType: tensor.Map, Key: t.Elem, Elem: &elem, Shape: tensor.Shape{tensor.Unknown}, Ranked: true}
	}
	return op.Value{}
}

// checkDefault refuses a default that its own declaration excludes.
func (v *Value) checkDefault(path string) error {
	if v.Default == nil {
		return nil
	}
	if d := v.Declared.DType; d != tensor.Undefined && d != v.Default.DType() {
		return invalid(path, "declared as %v but initialized with %v", d, v.Default)
	}
	return nil
}

// checkKinds refuses inputs that no value can be. It runs after the operators
// were checked, because their names tell a reader more.
func (b *builder) checkKinds(g *onnx.Graph) error {
	for _, in := range g.Inputs {
		if err := checkKind(portPath("input", in.Name), in.Type); err != nil {
			return err
		}
	}
	return nil
}

func checkKind(path string, t *onnx.Type) error {
	for ; t != nil && t.Kind != 0; t = t.Of {
		switch {
		case t.Kind == onnx.SparseTensorKind || t.Kind == onnx.OpaqueKind:
			return unsupported(path, "an input that is a %v is not supported", t.Kind)
		case t.Elem != tensor.Undefined && !t.Elem.Supported():
			return unsupported(path, "elements of %v are not supported", t.Elem)
		}
	}
	return nil
}

func (b *builder) addOutputs(s *scope, g *onnx.Graph) error {
	seen := map[string]bool{}
	for _, out := range g.Outputs {
		path := portPath("output", out.Name)
		if seen[out.Name] && s.outer == nil {
			return invalid(path, "there are two outputs of this name")
		}
		seen[out.Name] = true
		v, _ := b.find(s, out.Name)
		if v == nil {
			return invalid(path, "no node, input or initializer makes this value")
		}
		if v.Producer != nil {
			v.declare(out.Type)
		}
		b.g.Outputs = append(b.g.Outputs, v)
	}
	if len(g.Outputs) == 0 {
		return invalid("graph", "there are no outputs")
	}
	return nil
}

// addNodes adds the nodes of a scope. Their outputs are declared first,
// because nodes may stand in any order.
func (b *builder) addNodes(s *scope, nodes []*onnx.Node) error {
	for i, n := range nodes {
		for _, name := range n.Outputs {
			if err := b.declareOutput(s, name); err != nil {
				return invalid(nodePath(s, i, n), "%v", err)
			}
		}
	}
	for i, n := range nodes {
		if err := b.addNode(s, nodePath(s, i, n), n); err != nil {
			return err
		}
	}
	return nil
}

// Paths are for errors, but those of nodes and ports are made for every model that is
// loaded: package fmt would be much of that work.

func initializerPath(i int) string { return "graph.initializer[" + strconv.Itoa(i) + "]" }

func portPath(kind, name string) string { return "graph." + kind + "(" + quote(name) + ")" }

func nodePath(s *scope, i int, n *onnx.Node) string {
	path := s.path + ".node[" + strconv.Itoa(i) + "]"
	if n.Name == "" {
		return path
	}
	return path + "(" + quote(clip(n.Name)) + ")"
}

// quote is strconv.Quote, sooner done with names as they usually are.
func quote(name string) string {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return strconv.Quote(name)
		}
	}
	return `"` + name + `"`
}

func (b *builder) declareOutput(s *scope, name string) error {
	if name == "" {
		return nil
	}
	_, known := s.values[name]
	switch {
	case s.made[name]:
		return fmt.Errorf("value %q is made twice", name)
	case !known:
		s.values[name] = b.newValue(s, name)
	case !s.results[name]:
		return fmt.Errorf("value %q is made twice: it is also an input or an initializer", name)
	}
	s.made[name] = true
	return nil
}

// lookup returns the values of names.
func (b *builder) lookup(s *scope, path string, names []string) ([]*Value, error) {
	vs := make([]*Value, len(names))
	for i, name := range names {
		if name == "" {
			continue
		}
		v, ok := b.find(s, name)
		if !ok {
			return nil, invalid(path, "reads %q, which no node, input or initializer makes", name)
		}
		vs[i] = v
	}
	return vs, nil
}

func (b *builder) addNode(s *scope, path string, n *onnx.Node) error {
	if s.depth > 0 || s.outer != nil { // the rest is bounded by the file
		if err := b.spend(path, 1+len(n.Inputs)+len(n.Outputs)+len(n.Attributes)); err != nil {
			return err
		}
	}
	in, err := b.lookup(s, path, n.Inputs)
	if err != nil {
		return err
	}
	out, err := b.lookup(s, path, n.Outputs)
	if err != nil {
		return err
	}
	attrs, err := s.attributes(path, n.Attributes)
	if err != nil {
		return err
	}
	if fn := b.functions[functionKey{domain(n.Domain), n.Type, n.Overload}]; fn != nil {
		return b.inline(s, path, call{fn, attrs, in, out})
	}
	node := &Node{Path: path, Domain: domain(n.Domain), Type: n.Type, Attrs: attrs, Inputs: in, Outputs: out}
	node.Opset = opsetOf(s, node.Domain, n.Overload)
	if _, ok := controls[node.Type]; ok && node.Domain == "" {
		return b.control(node)
	}
	return b.construct(s, node, n)
}

// OpsetOverload begins the overload of a node in a compiled model, whose nodes are of
// several opsets; the number follows.
const OpsetOverload = "larder.opset:"

// opsetOf returns the version of a node's operator.
func opsetOf(s *scope, domain, overload string) int {
	if text, ok := strings.CutPrefix(overload, OpsetOverload); ok {
		if v, err := strconv.Atoi(text); err == nil && v > 0 && v <= 1<<20 {
			return v
		}
	}
	return s.opsets[domain]
}

// construct makes the operator and adds the node, or the nodes that it is
// composed of.
func (b *builder) construct(s *scope, node *Node, n *onnx.Node) error {
	if len(b.g.Nodes) == maxNodes {
		return unsupported(node.Path, "more than %d nodes", maxNodes)
	}
	var err error
	if node.Opset == 0 && b.reg.Has(node.Domain, node.Type) {
		err = op.Invalidf("the model imports no opset of domain %q", node.Domain)
	} else {
		node.Op, err = node.newOp(b.reg, op.Node{Name: n.Name, Domain: node.Domain, Type: node.Type, Opset: node.Opset,
			Attrs: node.Attrs, Inputs: n.Inputs, Outputs: n.Outputs})
	}
	var oe *op.Error
	switch {
	case errors.As(err, &oe) && oe.Code == op.Unsupported:
		b.missing = append(b.missing, node.Fail(nil, err))
	case err != nil:
		return node.Fail(nil, err)
	}
	if c, ok := node.Op.(op.Composed); ok {
		return b.inline(s, node.Path, call{bodyOf(node, c), nil, node.Inputs, node.Outputs})
	}
	return b.add(node)
}

// add puts a node into the graph.
func (b *builder) add(node *Node) error {
	for _, v := range node.Outputs {
		if v != nil {
			v.Producer = node
		}
	}
	b.g.Nodes = append(b.g.Nodes, node)
	return nil
}

// newOp calls the registry; a constructor that panics is an error of ours.
func (n *Node) newOp(reg *op.Registry, spec op.Node) (o op.Operator, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p}
		}
	}()
	return reg.New(spec)
}
