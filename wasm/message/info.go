package message

// Dim is one dimension of a port: a size, or the name of a symbolic one.
type Dim struct {
	Size int    // -1 when not fixed
	Name string // of a symbolic dimension; may be empty
}

// Port describes one input or output of a model.
type Port struct {
	Name     string
	Type     string // ONNX's name in lower case; empty when the model does not say
	Dims     []Dim  // nil when not even their number is known
	Optional bool   // an input that has a default
}

// Encode returns the port as a message tree: a dimension is a number, a name, or
// null when the model says neither.
func (p Port) Encode() map[string]any {
	m := map[string]any{"name": p.Name, "type": orNull(p.Type), "dims": nil, "optional": p.Optional}
	if p.Dims == nil {
		return m
	}
	dims := make([]any, len(p.Dims))
	for i, d := range p.Dims {
		switch {
		case d.Size >= 0:
			dims[i] = d.Size
		case d.Name != "":
			dims[i] = d.Name
		}
	}
	m["dims"] = dims
	return m
}

func decodePort(f fields) Port {
	p := Port{Name: f.text("name", maxText), Type: f.text("type", maxName), Optional: f.flag("optional")}
	if !f.has("dims") {
		return p
	}
	p.Dims = []Dim{}
	for i, v := range f.list("dims", maxRank) {
		d := Dim{Size: -1}
		if n, ok := toFloat(v); ok {
			if n < 0 || n > 1<<31-1 || n != float64(int(n)) {
				f.fail("dims", "[%d] is not a size", i)
				return p
			}
			d.Size = int(n)
		} else if s, ok := v.(string); ok && len(s) <= maxText {
			d.Name = s
		} else if v != nil {
			f.fail("dims", "[%d] is not a number, a name or null", i)
			return p
		}
		p.Dims = append(p.Dims, d)
	}
	return p
}

// Label is one class that a classifier knows.
type Label struct {
	ID      string
	Display string
}

// Encode returns the label as a message tree.
func (l Label) Encode() map[string]any { return map[string]any{"id": l.ID, "display": l.Display} }

// Where a loaded model came from.
const (
	SourceMemory   = "memory"   // it was loaded already
	SourceStore    = "store"    // the browser's storage
	SourceRegistry = "registry" // the network
	SourceBytes    = "bytes"    // given by the caller
)

// Info is the result of [MethodLoad] and [MethodFromONNX]: the handle of a
// loaded model and what is known about it.
type Info struct {
	Handle           int
	Model            Version
	Title            string
	Task             string  // such as "image-classification"; empty for bare ONNX
	Inputs           []Port  // what run takes
	Outputs          []Port  // what run returns
	Labels           []Label // what predict can answer; empty when the model has no labels
	UnknownThreshold float64 // below it, predict says unknown; 0 for never
	Source           string  // one of the Source constants
	Bytes            int64   // of the model's files
	Threads          int     // threads that run it
	ThreadsReason    string  // why not more; empty when it is what was asked for
	Engine           string  // one of the Engine constants
	Manifest         string  // the manifest as JSON text; empty for bare ONNX
}

// Encode returns the info as a message tree.
func (i Info) Encode() map[string]any {
	return map[string]any{"handle": i.Handle, "model": i.Model.Encode(), "title": i.Title, "task": orNull(i.Task),
		"inputs":           encodeEach(len(i.Inputs), func(n int) map[string]any { return i.Inputs[n].Encode() }),
		"outputs":          encodeEach(len(i.Outputs), func(n int) map[string]any { return i.Outputs[n].Encode() }),
		"labels":           encodeEach(len(i.Labels), func(n int) map[string]any { return i.Labels[n].Encode() }),
		"unknownThreshold": i.UnknownThreshold, "source": i.Source, "bytes": i.Bytes, "threads": i.Threads,
		"threadsReason": orNull(i.ThreadsReason), "engine": i.Engine, "manifest": orNull(i.Manifest)}
}

// DecodeInfo reads an info.
func DecodeInfo(v any) (Info, error) {
	var err error
	f := open("info", v, &err)
	i := Info{
		Handle:  f.handle(),
		Model:   decodeVersion(f.object("model")),
		Title:   f.text("title", maxText),
		Task:    f.text("task", maxName),
		Inputs:  each(f, "inputs", maxPorts, decodePort),
		Outputs: each(f, "outputs", maxPorts, decodePort),
		Labels: each(f, "labels", maxList, func(f fields) Label {
			return Label{ID: f.must("id", maxText), Display: f.text("display", maxText)}
		}),
		UnknownThreshold: f.number("unknownThreshold"),
		Source:           f.text("source", maxName),
		Bytes:            f.count("bytes"),
		Threads:          int(f.integer("threads", 1, MaxThreads)),
		ThreadsReason:    f.text("threadsReason", maxText),
		Engine:           f.text("engine", maxName),
		Manifest:         f.text("manifest", maxDoc),
	}
	return i, err
}
