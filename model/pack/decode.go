package pack

import (
	"math"
	"strconv"
	"time"

	"github.com/go-faster/jx"
)

// Most elements of each list. They are far above real models and keep what
// follows from a document (requests, rows of a table) within reason.
const (
	maxFiles   = 4096
	maxChunks  = 65536
	maxPorts   = 64
	maxDims    = 32
	maxLabels  = 65536
	maxChannel = 4
	maxSmall   = 256
)

// DecodeManifest reads a manifest and checks every rule of the format. It
// returns an *Error of code Invalid that names the field, or of code Newer for
// a document of a later schema.
func DecodeManifest(data []byte) (*Manifest, error) {
	m := &Manifest{Freshness: Freshness{TTL: None}}
	data = unmarked(data)
	err := document("manifest", data, func(r reader) error {
		// The schema decides how everything else is to be read, so it comes first
		// wherever it stands.
		if err := (reader{jx.DecodeBytes(data)}).schema(true); err != nil {
			return err
		}
		if err := m.read(r); err != nil {
			return err
		}
		return m.check()
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// schema reads only the field schema of a document.
func (r reader) schema(required bool) error {
	n := int64(Schema)
	known := map[string]field{"schema": func(at string) error { return r.whole(at, math.MaxInt32, &n) }}
	var names []string
	if required {
		names = []string{"schema"}
	}
	if err := r.object("", known, names...); err != nil {
		return err
	}
	switch {
	case n > Schema:
		return &Error{Code: Newer, Field: "schema", Reason: "schema " + strconv.FormatInt(n, 10) +
			" was made by a newer Larder; this one reads schema " + strconv.Itoa(Schema)}
	case n < 1:
		return invalid("schema", "want "+strconv.Itoa(Schema))
	}
	return nil
}

func (m *Manifest) read(r reader) error {
	return r.object("", map[string]field{
		"name":      func(at string) error { return r.text(at, &m.Name) },
		"version":   func(at string) error { return r.text(at, &m.Version) },
		"created":   func(at string) error { return r.time(at, &m.Created) },
		"title":     func(at string) error { return r.text(at, &m.Title) },
		"task":      func(at string) error { return r.text(at, &m.Task) },
		"files":     func(at string) error { return list(r, at, maxFiles, &m.Files, r.file) },
		"model":     func(at string) error { return r.model(at, &m.Model) },
		"inputs":    func(at string) error { return list(r, at, maxPorts, &m.Inputs, r.input) },
		"outputs":   func(at string) error { return list(r, at, maxPorts, &m.Outputs, r.output) },
		"freshness": func(at string) error { return r.freshness(at, &m.Freshness) },
		"licence":   func(at string) error { return r.licence(at, &m.Licence) },
		"metrics":   func(at string) error { return r.metrics(at, &m.Metrics) },
		"demos":     func(at string) error { return list(r, at, maxSmall, &m.Demos, r.demo) },
		"signatures": func(at string) error {
			return list(r, at, maxSmall, &m.Signatures, r.signature)
		},
	}, "name", "version", "created", "task", "files", "model", "inputs", "outputs")
}

func (r reader) time(at string, dst *time.Time) error {
	var s string
	if err := r.text(at, &s); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return invalid(at, "want a time such as 2026-11-01T00:00:00Z, got "+quote(s))
	}
	*dst = t.UTC()
	return nil
}

func (r reader) file(at string, f *File) error {
	return r.object(at, map[string]field{
		"path":   func(at string) error { return r.text(at, &f.Path) },
		"role":   func(at string) error { return r.text(at, &f.Role) },
		"bytes":  func(at string) error { return r.whole(at, MaxFile, &f.Bytes) },
		"sha256": func(at string) error { return r.digest(at, &f.SHA256) },
		"chunks": func(at string) error { return list(r, at, maxChunks, &f.Chunks, r.chunk) },
	}, "path", "role", "bytes", "sha256", "chunks")
}

func (r reader) chunk(at string, c *Chunk) error {
	return r.object(at, map[string]field{
		"bytes":  func(at string) error { return r.size(at, &c.Bytes) },
		"sha256": func(at string) error { return r.digest(at, &c.SHA256) },
	}, "bytes", "sha256")
}

func (r reader) model(at string, m *Model) error {
	return r.object(at, map[string]field{
		"format": func(at string) error { return r.text(at, &m.Format) },
		"file":   func(at string) error { return r.text(at, &m.File) },
	}, "format", "file")
}

func (r reader) input(at string, in *Input) error {
	return r.object(at, map[string]field{
		"name": func(at string) error { return r.text(at, &in.Name) },
		"type": func(at string) error { return r.text(at, &in.Type) },
		"dims": func(at string) error { return list(r, at, maxDims, &in.Dims, r.dim) },
		"image": func(at string) error {
			in.Image = &Image{}
			return r.image(at, in.Image)
		},
		"text": func(at string) error {
			in.Text = &Text{}
			return r.textPart(at, in.Text)
		},
		"features": func(at string) error { return list(r, at, maxLabels, &in.Features, r.feature) },
	}, "name", "type", "dims")
}

// dim reads a size, a name, or null for neither.
func (r reader) dim(at string, d *Dim) error {
	switch t := r.d.Next(); t {
	case jx.Number:
		if err := r.size(at, &d.Size); err != nil {
			return err
		}
		if d.Size == 0 {
			return invalid(at, "want a size of at least 1, a name, or null")
		}
		return nil
	case jx.String:
		return r.text(at, &d.Name)
	case jx.Null:
		return r.d.Null()
	default:
		return invalid(at, "want a size, a name or null, got "+typeName(t))
	}
}

func (r reader) textPart(at string, t *Text) error {
	return r.object(at, map[string]field{
		"tokenizer": func(at string) error { return r.text(at, &t.Tokenizer) },
		"part":      func(at string) error { return r.text(at, &t.Part) },
		"maxTokens": func(at string) error { return r.size(at, &t.MaxTokens) },
	}, "tokenizer", "part")
}

func (r reader) feature(at string, f *Feature) error {
	return r.object(at, map[string]field{
		"name": func(at string) error { return r.text(at, &f.Name) },
		"unit": func(at string) error { return r.text(at, &f.Unit) },
	}, "name")
}

func (r reader) image(at string, im *Image) error {
	return r.object(at, map[string]field{
		"color":  func(at string) error { return r.text(at, &im.Color) },
		"layout": func(at string) error { return r.text(at, &im.Layout) },
		"resize": func(at string) error { return r.resize(at, &im.Resize) },
		"crop": func(at string) error {
			im.Crop = &Crop{}
			return r.crop(at, im.Crop)
		},
		"normalize": func(at string) error { return r.normalize(at, &im.Normalize) },
	}, "color", "layout", "resize", "normalize")
}

func (r reader) resize(at string, z *Resize) error {
	return r.object(at, map[string]field{
		"mode":   func(at string) error { return r.text(at, &z.Mode) },
		"width":  func(at string) error { return r.size(at, &z.Width) },
		"height": func(at string) error { return r.size(at, &z.Height) },
		"size":   func(at string) error { return r.size(at, &z.Size) },
		"filter": func(at string) error { return r.text(at, &z.Filter) },
	}, "mode", "filter")
}

func (r reader) crop(at string, c *Crop) error {
	return r.object(at, map[string]field{
		"width":  func(at string) error { return r.size(at, &c.Width) },
		"height": func(at string) error { return r.size(at, &c.Height) },
	}, "width", "height")
}

func (r reader) normalize(at string, n *Normalize) error {
	return r.object(at, map[string]field{
		"divisor": func(at string) error { return r.number(at, &n.Divisor) },
		"mean":    func(at string) error { return list(r, at, maxChannel, &n.Mean, r.number) },
		"std":     func(at string) error { return list(r, at, maxChannel, &n.Std, r.number) },
	}, "divisor", "mean", "std")
}

func (r reader) output(at string, o *Output) error {
	temperature := 1.0
	err := r.object(at, map[string]field{
		"name":             func(at string) error { return r.text(at, &o.Name) },
		"labels":           func(at string) error { return list(r, at, maxLabels, &o.Labels, r.label) },
		"activation":       func(at string) error { return r.text(at, &o.Activation) },
		"temperature":      func(at string) error { return r.number(at, &temperature) },
		"unknownThreshold": func(at string) error { return r.number(at, &o.UnknownThreshold) },
		"columns":          func(at string) error { return list(r, at, maxLabels, &o.Columns, r.text) },
		"unit":             func(at string) error { return r.text(at, &o.Unit) },
	}, "name")
	if len(o.Labels) > 0 {
		o.Temperature = temperature
		if o.Activation == "" {
			o.Activation = ActivationSoftmax
		}
	}
	return err
}

func (r reader) label(at string, l *Label) error {
	err := r.object(at, map[string]field{
		"id":      func(at string) error { return r.text(at, &l.ID) },
		"display": func(at string) error { return r.text(at, &l.Display) },
	}, "id")
	if l.Display == "" {
		l.Display = l.ID
	}
	return err
}

func (r reader) freshness(at string, f *Freshness) error {
	seconds := func(dst *time.Duration) field {
		return func(at string) error {
			var n int64
			// A bound of a hundred years keeps the duration within an int64.
			err := r.whole(at, 100*365*86400, &n)
			*dst = time.Duration(n) * time.Second
			return err
		}
	}
	return r.object(at, map[string]field{
		"ttlSeconds":                  seconds(&f.TTL),
		"staleWhileRevalidateSeconds": seconds(&f.Revalidate),
		"staleIfErrorSeconds": func(at string) error {
			err := seconds(&f.Grace)(at)
			if f.Grace == 0 {
				f.Grace = None
			}
			return err
		},
		"jitterPercent": func(at string) error {
			var n int64
			err := r.whole(at, 100, &n)
			f.Jitter = int(n)
			return err
		},
		"schedule": func(at string) error {
			f.Schedule = &Schedule{}
			return r.schedule(at, f.Schedule)
		},
	})
}

func (r reader) schedule(at string, s *Schedule) error {
	return r.object(at, map[string]field{
		"cron":    func(at string) error { return r.text(at, &s.Cron) },
		"weekday": func(at string) error { return r.text(at, &s.Weekday) },
		"time":    func(at string) error { return r.text(at, &s.Time) },
		"zone":    func(at string) error { return r.text(at, &s.Zone) },
		"day": func(at string) error {
			if r.d.Next() == jx.String {
				var word string
				err := r.text(at, &word)
				if s.Day = LastDay; err == nil && word != "last" {
					err = invalid(at, "want a day of the month or \"last\"")
				}
				return err
			}
			var n int64
			err := r.whole(at, 31, &n)
			s.Day = int(n)
			return err
		},
	})
}

func (r reader) licence(at string, l *Licence) error {
	return r.object(at, map[string]field{
		"spdx":    func(at string) error { return r.text(at, &l.SPDX) },
		"notices": func(at string) error { return list(r, at, maxSmall, &l.Notices, r.text) },
	})
}

func (r reader) metrics(at string, dst *[]Metric) error {
	return r.members(at, maxSmall, func(at, key string) error {
		m := Metric{Name: key}
		err := r.number(at, &m.Value)
		*dst = append(*dst, m)
		return err
	})
}

func (r reader) demo(at string, d *Demo) error {
	return r.object(at, map[string]field{
		"file":  func(at string) error { return r.text(at, &d.File) },
		"label": func(at string) error { return r.text(at, &d.Label) },
	}, "file")
}

func (r reader) signature(at string, s *Signature) error {
	return r.object(at, map[string]field{
		"keyid": func(at string) error { return r.text(at, &s.KeyID) },
		"sig":   func(at string) error { return r.text(at, &s.Sig) },
	}, "keyid", "sig")
}
