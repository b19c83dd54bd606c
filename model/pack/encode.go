package pack

import (
	"time"

	"github.com/go-faster/jx"
)

// EncodeManifest checks m and returns its one canonical text: fields in the
// order of this file, two spaces of indentation, short things on one line, a
// newline at the end. The same manifest always gives the same bytes.
func EncodeManifest(m *Manifest) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	w := newWriter()
	w.obj(func() {
		w.field("schema", func() { w.Int(Schema) })
		w.text("name", m.Name)
		w.text("version", m.Version)
		w.text("created", m.Created.UTC().Format(time.RFC3339))
		w.optional("title", m.Title)
		w.text("task", m.Task)
		w.field("model", w.line(func(w writer) {
			w.text("format", m.Model.Format)
			w.text("file", m.Model.File)
		}))
		each(w, "inputs", m.Inputs, w.input)
		each(w, "outputs", m.Outputs, w.output)
		w.field("freshness", w.freshness(&m.Freshness))
		w.field("licence", w.licence(&m.Licence))
		w.field("metrics", w.metrics(m.Metrics))
		each(w, "demos", m.Demos, w.demo)
		each(w, "files", m.Files, w.file)
		each(w, "signatures", m.Signatures, func(s *Signature) {
			w.obj(func() {
				w.text("keyid", s.KeyID)
				w.text("sig", s.Sig)
			})
		})
	})
	return w.end(), nil
}

// freshness leaves out what stands for itself.
func (w writer) freshness(f *Freshness) func() {
	return w.line(func(w writer) {
		number := func(name string, n int64) { w.field(name, func() { w.Int64(n) }) }
		if f.TTL != None {
			number("ttlSeconds", int64(f.TTL/time.Second))
		}
		if f.Revalidate != 0 {
			number("staleWhileRevalidateSeconds", int64(f.Revalidate/time.Second))
		}
		if f.Grace != 0 {
			number("staleIfErrorSeconds", int64(max(f.Grace, 0)/time.Second))
		}
		if f.Jitter != 0 {
			number("jitterPercent", int64(f.Jitter))
		}
		if f.Schedule != nil {
			w.field("schedule", func() { w.schedule(f.Schedule) })
		}
	})
}

func (w writer) schedule(s *Schedule) {
	w.obj(func() {
		w.optional("cron", s.Cron)
		switch {
		case s.Day == LastDay:
			w.text("day", "last")
		case s.Day != 0:
			w.field("day", func() { w.Int(s.Day) })
		}
		w.optional("weekday", s.Weekday)
		w.optional("time", s.Time)
		w.optional("zone", s.Zone)
	})
}

// writer adds to jx's encoder what both documents need.
type writer struct{ *jx.Encoder }

func newWriter() writer {
	w := writer{&jx.Encoder{}}
	w.SetIdent(2)
	return w
}

func (w writer) end() []byte { return append(w.Bytes(), '\n') }

func (w writer) obj(body func()) { w.Obj(func(*jx.Encoder) { body() }) }

func (w writer) field(name string, value func()) {
	w.Field(name, func(*jx.Encoder) { value() })
}

func (w writer) text(name, s string) { w.field(name, func() { w.Str(s) }) }

// optional writes s unless it is empty.
func (w writer) optional(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

// line returns a function that writes an object on one line.
func (w writer) line(body func(writer)) func() {
	return func() {
		one := writer{&jx.Encoder{}}
		one.obj(func() { body(one) })
		w.Raw(one.Bytes())
	}
}

// each writes a list, one element after the other.
func each[T any](w writer, name string, list []T, elem func(*T)) {
	w.field(name, func() {
		if len(list) == 0 {
			w.ArrEmpty()
			return
		}
		w.Arr(func(*jx.Encoder) {
			for i := range list {
				elem(&list[i])
			}
		})
	})
}

// row writes a list on one line.
func row[T any](w writer, name string, list []T, elem func(jx *jx.Encoder, v T)) {
	w.field(name, func() {
		one := &jx.Encoder{}
		one.Arr(func(e *jx.Encoder) {
			for _, v := range list {
				elem(e, v)
			}
		})
		w.Raw(one.Bytes())
	})
}

func number(e *jx.Encoder, v float64) { e.Float64(v) }
func word(e *jx.Encoder, s string)    { e.Str(s) }

func (w writer) input(in *Input) {
	w.obj(func() {
		w.text("name", in.Name)
		w.text("type", in.Type)
		row(w, "dims", in.Dims, func(e *jx.Encoder, d Dim) {
			switch {
			case d.Size > 0:
				e.Int(d.Size)
			case d.Name != "":
				e.Str(d.Name)
			default:
				e.Null()
			}
		})
		if in.Image != nil {
			w.field("image", w.image(in.Image))
		}
		if in.Text != nil {
			w.field("text", w.line(func(w writer) {
				w.text("tokenizer", in.Text.Tokenizer)
				w.text("part", in.Text.Part)
				if in.Text.MaxTokens > 0 {
					w.field("maxTokens", func() { w.Int(in.Text.MaxTokens) })
				}
			}))
		}
		if len(in.Features) > 0 {
			each(w, "features", in.Features, func(f *Feature) {
				w.line(func(w writer) {
					w.text("name", f.Name)
					w.optional("unit", f.Unit)
				})()
			})
		}
	})
}

func (w writer) image(im *Image) func() {
	return func() {
		w.obj(func() {
			w.text("color", im.Color)
			w.text("layout", im.Layout)
			w.field("resize", w.line(func(w writer) {
				w.text("mode", im.Resize.Mode)
				if im.Resize.Mode == "shortest-side" {
					w.field("size", func() { w.Int(im.Resize.Size) })
				} else {
					w.field("width", func() { w.Int(im.Resize.Width) })
					w.field("height", func() { w.Int(im.Resize.Height) })
				}
				w.text("filter", im.Resize.Filter)
			}))
			if im.Crop != nil {
				w.field("crop", w.line(func(w writer) {
					w.field("width", func() { w.Int(im.Crop.Width) })
					w.field("height", func() { w.Int(im.Crop.Height) })
				}))
			}
			w.field("normalize", w.line(func(w writer) {
				w.field("divisor", func() { w.Float64(im.Normalize.Divisor) })
				row(w, "mean", im.Normalize.Mean, number)
				row(w, "std", im.Normalize.Std, number)
			}))
		})
	}
}

func (w writer) output(o *Output) {
	w.obj(func() {
		w.text("name", o.Name)
		if len(o.Labels) > 0 {
			each(w, "labels", o.Labels, func(l *Label) {
				w.line(func(w writer) {
					w.text("id", l.ID)
					w.text("display", l.Display)
				})()
			})
			w.text("activation", o.Activation)
			w.field("temperature", func() { w.Float64(o.Temperature) })
			w.field("unknownThreshold", func() { w.Float64(o.UnknownThreshold) })
		}
		if len(o.Columns) > 0 {
			row(w, "columns", o.Columns, word)
		}
		w.optional("unit", o.Unit)
	})
}

func (w writer) licence(l *Licence) func() {
	return func() {
		w.obj(func() {
			w.text("spdx", l.SPDX)
			row(w, "notices", l.Notices, word)
		})
	}
}

func (w writer) metrics(list []Metric) func() {
	return func() {
		if len(list) == 0 {
			w.ObjEmpty()
			return
		}
		w.obj(func() {
			for _, m := range list {
				w.field(m.Name, func() { w.Float64(m.Value) })
			}
		})
	}
}

func (w writer) demo(d *Demo) {
	w.line(func(w writer) {
		w.text("file", d.File)
		w.optional("label", d.Label)
	})()
}

func (w writer) file(f *File) {
	w.obj(func() {
		w.text("path", f.Path)
		w.text("role", f.Role)
		w.field("bytes", func() { w.Int64(f.Bytes) })
		w.text("sha256", f.SHA256.String())
		each(w, "chunks", f.Chunks, func(c *Chunk) {
			w.line(func(w writer) {
				w.field("bytes", func() { w.Int(c.Bytes) })
				w.text("sha256", c.SHA256.String())
			})()
		})
	})
}
