package pack

import (
	"math"
	"strconv"
)

// maxSide bounds the width and height that a picture is brought to.
const maxSide = 8192

// finding is one broken rule: the field and what is wrong with it.
type finding struct{ at, reason string }

// checker collects the first broken rule; later ones are often its echo.
type checker struct{ first *finding }

// that records reason for the field at unless reason is empty.
func (c *checker) that(at, reason string) {
	if c.first == nil && reason != "" {
		c.first = &finding{at, reason}
	}
}

// must records reason for the field at unless ok.
func (c *checker) must(ok bool, at, reason string) {
	if !ok {
		c.that(at, reason)
	}
}

// unique records a word that was there before.
func (c *checker) unique(seen map[string]bool, at, word string) {
	c.must(!seen[word], at, quote(word)+" is there twice")
	seen[word] = true
}

func (c *checker) err() error {
	if c.first == nil {
		return nil
	}
	return invalid(c.first.at, c.first.reason)
}

// Check returns an *Error that names the first field which breaks the rules of
// the format.
func (m *Manifest) Check() error {
	err := m.check()
	if e, ok := err.(*Error); ok {
		e.Doc = "manifest"
	}
	return err
}

func (m *Manifest) check() error {
	c := &checker{}
	c.that("name", CheckName(m.Name))
	_, ok := ParseVersion(m.Version)
	c.must(ok, "version", "want a semantic version such as 2.0.0, got "+quote(m.Version))
	c.must(!m.Created.IsZero() && m.Created.Nanosecond() == 0, "created", "want a time in whole seconds")
	c.must(m.Task != "", "task", "is empty")
	c.files(m)
	c.must(len(m.Inputs) > 0, "inputs", "is empty")
	seen := map[string]bool{}
	for i := range m.Inputs {
		at := index("inputs", i)
		c.unique(seen, at+".name", m.Inputs[i].Name)
		c.input(at, &m.Inputs[i])
	}
	c.texts(m)
	c.must(len(m.Outputs) > 0, "outputs", "is empty")
	seen = map[string]bool{}
	for i := range m.Outputs {
		at := index("outputs", i)
		c.unique(seen, at+".name", m.Outputs[i].Name)
		c.output(at, &m.Outputs[i])
	}
	c.rest(m)
	return c.err()
}

func (c *checker) files(m *Manifest) {
	seen := map[string]bool{}
	for i := range m.Files {
		f, at := &m.Files[i], index("files", i)
		c.that(at+".path", CheckPath(f.Path))
		c.unique(seen, at+".path", f.Path)
		c.must(f.Role != "", at+".role", "is empty")
		var sum int64
		for j, k := range f.Chunks {
			c.must(k.Bytes >= 1 && k.Bytes <= MaxChunk, index(at+".chunks", j)+".bytes", "want 1 to "+strconv.Itoa(MaxChunk))
			sum += int64(k.Bytes)
		}
		c.must(f.Bytes >= 0 && sum == f.Bytes, at+".chunks",
			"add up to "+strconv.FormatInt(sum, 10)+" bytes, the file has "+strconv.FormatInt(f.Bytes, 10))
	}
	c.that("model.format", oneOf(m.Model.Format, FormatONNX, FormatPlan))
	f := m.File(m.Model.File)
	c.must(f != nil && f.Role == RoleModel, "model.file", quote(m.Model.File)+" is not a file of role model")
}

func (c *checker) input(at string, in *Input) {
	c.must(in.Name != "", at+".name", "is empty")
	c.must(in.Type != "", at+".type", "is empty")
	for i, d := range in.Dims {
		c.must(d.Size >= 0 && (d.Size == 0 || d.Name == ""), index(at+".dims", i), "want a size, a name or neither")
	}
	kinds := 0
	for _, has := range []bool{in.Image != nil, in.Text != nil, len(in.Features) > 0} {
		if has {
			kinds++
		}
	}
	c.must(kinds <= 1, at, "an input has an image, text or features, not several of them")
	seen := map[string]bool{}
	for i, f := range in.Features {
		c.must(f.Name != "", index(at+".features", i)+".name", "is empty")
		c.unique(seen, index(at+".features", i)+".name", f.Name)
	}
	if n := len(in.Features); n > 0 && len(in.Dims) > 0 {
		last := in.Dims[len(in.Dims)-1]
		c.must(last.Size == 0 || last.Size == n, at+".features",
			"lists "+strconv.Itoa(n)+" names for a dimension of "+strconv.Itoa(last.Size))
	}
	if in.Image != nil {
		c.image(at+".image", in.Image)
		c.imageDims(at, in)
	}
}

// texts checks the inputs that are parts of a text: they share one tokenizer, and
// one of them has the tokens.
func (c *checker) texts(m *Manifest) {
	seen, first := map[string]bool{}, (*Text)(nil)
	for i := range m.Inputs {
		in, at := &m.Inputs[i], index("inputs", i)
		t := in.Text
		if t == nil {
			continue
		}
		if first == nil {
			first = t
		}
		f := m.File(t.Tokenizer)
		c.must(f != nil && f.Role == RoleTokenizer, at+".text.tokenizer", quote(t.Tokenizer)+" is not a file of role tokenizer")
		c.must(t.Tokenizer == first.Tokenizer && t.MaxTokens == first.MaxTokens, at+".text", "differs from the one before: a model sees one text")
		c.that(at+".text.part", oneOf(t.Part, PartIDs, PartMask, PartTypes))
		c.unique(seen, at+".text.part", t.Part)
		c.that(at+".type", oneOf(in.Type, "int64", "int32"))
		c.must(len(in.Dims) == 2, at+".dims", "a text has 2 dimensions: 1 and the number of tokens")
	}
	c.must(first == nil || seen[PartIDs], "inputs", "none has the tokens of the text")
}

func (c *checker) image(at string, im *Image) {
	c.that(at+".color", oneOf(im.Color, "rgb", "bgr", "gray"))
	c.that(at+".layout", oneOf(im.Layout, "nchw", "nhwc"))
	z := at + ".resize"
	c.that(z+".filter", oneOf(im.Resize.Filter, "nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"))
	c.that(z+".mode", oneOf(im.Resize.Mode, "stretch", "fit", "shortest-side"))
	if im.Resize.Mode == "shortest-side" {
		c.side(z+".size", im.Resize.Size)
		c.must(im.Crop != nil, at+".crop", "is missing; shortest-side leaves the other side open")
	} else {
		c.side(z+".width", im.Resize.Width)
		c.side(z+".height", im.Resize.Height)
	}
	if im.Crop != nil {
		c.must(im.Resize.Mode != "fit", at+".crop", "has no meaning for resize mode fit")
		c.side(at+".crop.width", im.Crop.Width)
		c.side(at+".crop.height", im.Crop.Height)
		w, h := im.resized()
		c.must(im.Crop.Width <= w && im.Crop.Height <= h, at+".crop", "is larger than the resized picture")
	}
	n := im.Normalize
	c.must(finite(n.Divisor) && n.Divisor > 0, at+".normalize.divisor", "want a number above 0")
	c.must(len(n.Mean) == im.channels(), at+".normalize.mean", "want one number for each of "+strconv.Itoa(im.channels())+" channels")
	c.must(len(n.Std) == im.channels(), at+".normalize.std", "want one number for each of "+strconv.Itoa(im.channels())+" channels")
	for i, v := range n.Mean {
		c.must(finite(v), index(at+".normalize.mean", i), "want a finite number")
	}
	for i, v := range n.Std {
		c.must(finite(v) && v > 0, index(at+".normalize.std", i), "want a number above 0")
	}
}

func (c *checker) side(at string, n int) {
	c.must(n >= 1 && n <= maxSide, at, "want 1 to "+strconv.Itoa(maxSide)+" pixels, got "+strconv.Itoa(n))
}

// resized returns the least size that the picture has before the crop.
func (im *Image) resized() (w, h int) {
	if im.Resize.Mode == "shortest-side" {
		return im.Resize.Size, im.Resize.Size
	}
	return im.Resize.Width, im.Resize.Height
}

func (im *Image) channels() int {
	if im.Color == "gray" {
		return 1
	}
	return 3
}

// imageDims checks that the prepared picture fits the input's dimensions.
func (c *checker) imageDims(at string, in *Input) {
	c.that(at+".type", oneOf(in.Type, "float32"))
	c.must(len(in.Dims) == 4, at+".dims", "an image input has 4 dimensions")
	if c.first != nil {
		return
	}
	w, h := in.Image.resized()
	if in.Image.Crop != nil {
		w, h = in.Image.Crop.Width, in.Image.Crop.Height
	}
	want := [4]int{1, in.Image.channels(), h, w}
	if in.Image.Layout == "nhwc" {
		want = [4]int{1, h, w, in.Image.channels()}
	}
	for i, d := range in.Dims {
		c.must(d.Size == 0 || d.Size == want[i], index(at+".dims", i),
			"is "+strconv.Itoa(d.Size)+" but the prepared picture has "+strconv.Itoa(want[i]))
	}
}

func (c *checker) output(at string, o *Output) {
	c.must(o.Name != "", at+".name", "is empty")
	seen := map[string]bool{}
	for i, l := range o.Labels {
		c.must(l.ID != "", index(at+".labels", i)+".id", "is empty")
		c.unique(seen, index(at+".labels", i)+".id", l.ID)
	}
	if len(o.Labels) == 0 {
		c.must(o.Activation == "", at+".activation", "needs labels")
		c.must(o.UnknownThreshold == 0, at+".unknownThreshold", "needs labels")
		return
	}
	c.must(len(o.Columns) == 0, at+".columns", "an output has labels or columns, not both")
	c.that(at+".activation", oneOf(o.Activation, ActivationSoftmax, ActivationSigmoid, ActivationNone))
	c.must(finite(o.Temperature) && o.Temperature > 0, at+".temperature", "want a number above 0")
	c.must(o.Activation != ActivationNone || o.Temperature == 1, at+".temperature", "has no meaning for activation none")
	c.must(o.UnknownThreshold >= 0 && o.UnknownThreshold <= 1, at+".unknownThreshold", "want 0 to 1")
}

func (c *checker) freshness(f *Freshness) {
	c.must(f.TTL >= None, "freshness.ttlSeconds", "is negative")
	c.must(f.Revalidate >= 0, "freshness.staleWhileRevalidateSeconds", "is negative")
	c.must(f.Grace >= None, "freshness.staleIfErrorSeconds", "is negative")
	c.must(f.Jitter >= 0 && f.Jitter <= 100, "freshness.jitterPercent", "want 0 to 100")
	if s := f.Schedule; s != nil {
		plain := s.Day != 0 || s.Weekday != "" || s.Time != ""
		c.must(plain != (s.Cron != ""), "freshness.schedule", "want either cron or day, weekday and time")
		c.must(!plain || len(s.Time) == 5, "freshness.schedule.time", "want hours and minutes, such as \"07:00\"")
		c.must(s.Day >= LastDay && s.Day <= 31, "freshness.schedule.day", "want a day of the month or \"last\"")
	}
}

// rest checks what refers to files and labels.
func (c *checker) rest(m *Manifest) {
	c.freshness(&m.Freshness)
	for i, p := range m.Licence.Notices {
		c.must(m.File(p) != nil, index("licence.notices", i), quote(p)+" is not among the files")
	}
	for _, x := range m.Metrics {
		c.must(x.Name != "" && finite(x.Value), join("metrics", x.Name), "want a name and a finite number")
	}
	labels := map[string]bool{"": true}
	for _, o := range m.Outputs {
		for _, l := range o.Labels {
			labels[l.ID] = true
		}
	}
	for i, d := range m.Demos {
		f := m.File(d.File)
		c.must(f != nil && f.Role == RoleDemo, index("demos", i)+".file", quote(d.File)+" is not a file of role demo")
		c.must(labels[d.Label], index("demos", i)+".label", quote(d.Label)+" is not a label of any output")
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
