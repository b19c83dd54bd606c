package site

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// reportFile is the report inside the built site. It also marks a folder as one
// that a build may replace.
const reportFile = "build.json"

// Report lists the artefacts of a built site.
type Report struct {
	Schema int        `json:"schema"`
	Build  string     `json:"build"` // hash over all artefacts
	Files  []Artefact `json:"files"` // sorted by path
}

// Artefact is one file of the site.
type Artefact struct {
	Path   string `json:"path"`
	Source string `json:"source,omitempty"` // its name before hashing, if another
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
	Gzip   int    `json:"gzip,omitempty"`   // size of the .gz file; 0 if there is none
	Brotli int    `json:"brotli,omitempty"` // size of the .br file; 0 if there is none
}

// gzip is what a visitor downloads from a host that only has gzip.
func (a Artefact) gzip() int { return firstPositive(a.Gzip, a.Bytes) }

// brotli is what a visitor downloads from a host that has brotli.
func (a Artefact) brotli() int { return firstPositive(a.Brotli, a.gzip()) }

func firstPositive(a, b int) int {
	if a > 0 {
		return a
	}
	return b
}

// report describes the site as it will be written.
func (b *builder) report(compressed map[string]encodings) *Report {
	r := &Report{Schema: 1}
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(b.site)) {
		sum := sha256.Sum256(b.site[name])
		fmt.Fprintf(all, "%s %x\n", name, sum)
		a := Artefact{
			Path: name, SHA256: hex.EncodeToString(sum[:]), Bytes: len(b.site[name]),
			Gzip: len(compressed[name].gzip), Brotli: len(compressed[name].brotli),
		}
		if source := b.sourceName(name); source != name {
			a.Source = source
		}
		r.Files = append(r.Files, a)
	}
	r.Build = hex.EncodeToString(all.Sum(nil)[:8])
	return r
}

// ReadReport reads the report of a built site.
func ReadReport(dir string) (*Report, error) {
	text, err := os.ReadFile(filepath.Join(dir, reportFile))
	if err != nil {
		return nil, fmt.Errorf("site: %s is not a built site: %w", dir, err)
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("site: %s: %w", reportFile, err)
	}
	return r, nil
}

// sum adds up the artefacts whose source names are given.
func (r *Report) sum(sources []string) Artefact {
	return r.total(func(a Artefact) bool {
		return slices.Contains(sources, a.Path) || slices.Contains(sources, a.Source)
	})
}

// total adds up the artefacts that match.
func (r *Report) total(match func(Artefact) bool) Artefact {
	var t Artefact
	for _, a := range r.Files {
		if match(a) {
			t.Bytes += a.Bytes
			t.Gzip += a.gzip()
			t.Brotli += a.brotli()
		}
	}
	return t
}

// Print writes the table of sizes: every artefact, then totals and budgets.
func (r *Report) Print(w io.Writer) {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "raw\tgzip\tbrotli\t  artefact (bytes)\n")
	row := func(name string, a Artefact) {
		fmt.Fprintf(tab, "%s\t%s\t%s\t  %s\n", group(a.Bytes), group(a.gzip()), group(a.brotli()), name)
	}
	for _, a := range r.Files {
		row(a.Path, a)
	}
	isModel := func(a Artefact) bool { return strings.HasPrefix(a.Path, "models/") }
	if models := r.total(isModel); models.Bytes > 0 {
		row("TOTAL models", models)
	}
	row("TOTAL everything else", r.total(func(a Artefact) bool { return !isModel(a) }))
	for _, limit := range budgets {
		if r.sum(limit.parts).Bytes == 0 {
			continue
		}
		row(fmt.Sprintf("%s: budget %s brotli", limit.name, group(limit.brotli)), r.sum(limit.parts))
	}
	tab.Flush()
}

// group writes a number with commas between thousands.
func group(n int) string {
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
