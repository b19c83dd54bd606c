package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"larder/model"
	"larder/model/pre"
	"larder/model/tensor"
)

// barWidth is the length of the bar of probability 1, in characters.
const barWidth = 30

// maxClasses is how many classes are printed for people, the most probable ones.
const maxClasses = 20

// printText prints one answer for people.
func (p *predictor) printText(w io.Writer, a prediction) {
	best := a.Classes[0]
	fmt.Fprintf(w, "%s\n", a.file)
	if a.Unknown {
		fmt.Fprintf(w, "  unknown: this is probably nothing that %s was trained on (best guess: %s, %s, below the threshold of %s)\n\n",
			p.manifest.Name, best.Display, percent(best.Probability), percent(p.threshold()))
	} else {
		fmt.Fprintf(w, "  %s, %s\n\n", best.Display, percent(best.Probability))
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	shown := a.Classes[:min(len(a.Classes), maxClasses)]
	for _, c := range shown {
		bar := strings.Repeat("█", int(c.Probability*barWidth+0.5))
		fmt.Fprintf(tab, "  %s\t%6s\t%s\n", c.Display, percent(c.Probability), bar)
	}
	tab.Flush()
	if more := len(a.Classes) - len(shown); more > 0 {
		fmt.Fprintf(w, "  … and %d more (--json prints all)\n", more)
	}
	if p.logits {
		fmt.Fprintf(w, "\n  scores %v: %v\n", a.Scores, a.Scores.Any())
	}
	t := a.Timing
	fmt.Fprintf(w, "\n  %s %s; decode %s, preprocess %s, infer %s, postprocess %s\n",
		p.manifest.Name, p.manifest.Version, millis(a.decode), millis(t.Preprocess), millis(t.Infer), millis(t.Postprocess))
}

// threshold returns the threshold of the labelled output.
func (p *predictor) threshold() float64 {
	for i := range p.manifest.Outputs {
		if o := &p.manifest.Outputs[i]; len(o.Labels) > 0 {
			return o.UnknownThreshold
		}
	}
	return 0
}

func percent(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", inMillis(d)) }

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// answerJSON is the line of --json. Its fields are those of larder.js.
type answerJSON struct {
	File    string       `json:"file"`
	Model   modelJSON    `json:"model"`
	Label   string       `json:"label"`
	Unknown bool         `json:"unknown"`
	Classes []classJSON  `json:"classes"`
	Logits  any          `json:"logits,omitempty"`
	Timing  timingMillis `json:"timing"`
}

type modelJSON struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type classJSON struct {
	Label       string  `json:"label"`
	Display     string  `json:"display"`
	Probability float64 `json:"probability"`
}

type timingMillis struct {
	Decode      float64 `json:"decode"`
	Preprocess  float64 `json:"preprocess"`
	Infer       float64 `json:"infer"`
	Postprocess float64 `json:"postprocess"`
	Total       float64 `json:"total"`
}

// errorJSON is the line of --json for an input that could not be used.
type errorJSON struct {
	File  string `json:"file"`
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (p *predictor) printJSON(w io.Writer, a prediction) {
	t := a.Timing
	line := answerJSON{
		File: a.file, Model: modelJSON{p.manifest.Name, p.manifest.Version}, Label: a.Label, Unknown: a.Unknown,
		Timing: timingMillis{inMillis(a.decode), inMillis(t.Preprocess), inMillis(t.Infer), inMillis(t.Postprocess),
			inMillis(a.decode + t.Preprocess + t.Infer + t.Postprocess)},
	}
	for _, c := range a.Classes {
		line.Classes = append(line.Classes, classJSON(c))
	}
	if p.logits {
		line.Logits = a.Scores.Any()
	}
	writeLine(w, line)
}

func (p *predictor) printErrorJSON(w io.Writer, file string, err error) {
	line := errorJSON{File: file}
	line.Error.Code, line.Error.Message = "invalid-input", err.Error()
	var image *pre.ImageError
	var e *model.Error
	if errors.As(err, &image) || errors.As(err, &e) && e.Code == model.UnsupportedInput {
		line.Error.Code = "unsupported-input"
	}
	writeLine(w, line)
}

// writeLine prints v as one line of JSON, without escapes for HTML.
func writeLine(w io.Writer, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		// Scores are finite numbers, everything else is text.
		fmt.Fprintf(&b, "%q\n", err.Error())
	}
	w.Write(b.Bytes())
}

// writeNPY writes a float32 tensor in NumPy's format 1.0
// (numpy.lib.format): magic, version, length of the header, header padded with
// spaces to a multiple of 64 bytes, data.
func writeNPY(name string, x *tensor.Tensor) error {
	shape := strings.Trim(strings.ReplaceAll(x.Shape().String(), " ", ", "), "[]")
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }", shape)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	b = append(b, header...)
	b, err := binary.Append(b, binary.LittleEndian, tensor.Data[float32](x))
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o644)
}
