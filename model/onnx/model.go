package onnx

// Model is ModelProto: a graph with the operator sets that it relies on.
type Model struct {
	// IRVersion is the version of the file format.
	IRVersion int64
	// Producer and ProducerVersion name the program that wrote the file.
	Producer, ProducerVersion string
	// Domain and Version identify the model itself.
	Domain  string
	Version int64
	// Graph is the computation, never nil.
	Graph *Graph
	// Opsets lists the imported operator sets.
	Opsets []Opset
	// Metadata holds named texts in file order.
	Metadata []Entry
	// Functions lists the operators that the model defines itself.
	Functions []*Function
}

// Entry is StringStringEntryProto.
type Entry struct{ Key, Value string }

// Options steers decoding. The zero Options is ready to use.
type Options struct {
	// External opens a file that lies beside the model. The location is as hostile
	// as the model. If External is nil, external data is an Unsupported error.
	External func(location string) (Source, error)
	// Unpack is the way back from a form of a compiled model's weights; without it
	// only what is there as ONNX has it can be read so.
	Unpack func(form string, packed, to []float32) error
	// MaxBytes bounds the file; 0 means 1 GiB.
	MaxBytes int
}

const (
	defaultMaxBytes = 1 << 30
	// maxDepth bounds how deep graphs and types may nest.
	maxDepth = 16
	// maxMessages bounds how many nodes, attributes, tensors, values and
	// strings a file may hold together; the largest public models have some
	// ten thousand.
	maxMessages = 1 << 20
)

// decoder carries what one Decode must count.
type decoder struct {
	opt      Options
	src      Source // the file, if large data stays there
	depth    int
	messages int
}

// count refuses a file of too many messages.
func (d *decoder) count() error {
	if d.messages++; d.messages > maxMessages {
		return fail(TooLarge, "more than %d nodes, tensors, attributes and values", maxMessages)
	}
	return nil
}

// enter goes one level down; the caller defers leave.
func (d *decoder) enter() error {
	if d.depth++; d.depth > maxDepth {
		return fail(TooLarge, "graphs or types nest deeper than %d", maxDepth)
	}
	return d.count()
}

func (d *decoder) leave() { d.depth-- }

// Decode reads a whole ONNX file. Nothing of data is kept.
func Decode(data []byte, opt Options) (*Model, error) {
	if err := opt.check(int64(len(data))); err != nil {
		return nil, err
	}
	d := &decoder{opt: opt}
	return d.model(data)
}

// check refuses a file by its size.
func (o Options) check(size int64) error {
	limit := o.MaxBytes
	if limit == 0 {
		limit = defaultMaxBytes
	}
	switch {
	case size > int64(limit):
		return fail(TooLarge, "the file has %d bytes, more than %d", size, limit)
	case size <= 0:
		return fail(Truncated, "the file is empty")
	}
	return nil
}

func (d *decoder) model(b []byte) (*Model, error) {
	m := &Model{}
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return f.integer(&m.IRVersion)
		case 2:
			return f.name(&m.Producer)
		case 3:
			return f.name(&m.ProducerVersion)
		case 4:
			return f.name(&m.Domain)
		case 5:
			return f.integer(&m.Version)
		case 7:
			return d.modelGraph(m, f)
		case 8:
			return appendItem(&m.Opsets, f, "opset_import", d.opset)
		case 14:
			return appendItem(&m.Metadata, f, "metadata_props", d.entry)
		case 25:
			return appendItem(&m.Functions, f, "functions", d.function)
		}
		return nil
	})
	if e, ok := err.(*Error); ok && m.Graph == nil && e.Path == "" {
		e.Reason += ": is this an ONNX file?"
	}
	if err != nil {
		return nil, err
	}
	if m.Graph == nil {
		return nil, fail(Malformed, "there is no graph: is this an ONNX file?")
	}
	return m, nil
}

func (d *decoder) modelGraph(m *Model, f field) error {
	b, err := f.bytes()
	if err != nil {
		return err
	}
	if m.Graph != nil {
		return fail(Malformed, "there are two graphs")
	}
	m.Graph, err = d.graph(b)
	return within(err, "graph")
}

// appendItem decodes one element of a repeated message field.
func appendItem[T any](dst *[]T, f field, step string, decode func([]byte) (T, error)) error {
	b, err := f.bytes()
	if err != nil {
		return withinItem(err, step, len(*dst))
	}
	v, err := decode(b)
	if err != nil {
		return withinItem(err, step, len(*dst))
	}
	*dst = append(*dst, v)
	return nil
}

// entry keeps long values: metadata holds whole documents at times.
func (d *decoder) entry(b []byte) (Entry, error) {
	var e Entry
	err := each(b, func(f field) error {
		switch f.num {
		case 1:
			return f.name(&e.Key)
		case 2:
			v, err := f.bytes()
			e.Value = string(v)
			return err
		}
		return nil
	})
	if err == nil {
		err = d.count()
	}
	return e, err
}
