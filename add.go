package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"larder/model/compile"
	"larder/model/pack"
	"larder/model/pre/token"
	"larder/model/pre/token/form"
)

// defaultRegistry is the registry of the demo models, part of the site's source.
const defaultRegistry = "web/static/models"

// addFlags are the flags of `larder add`.
type addFlags struct {
	name, version, title, task string
	created                    string
	labels, card, ood          string
	tokenizer                  string
	maxTokens                  int
	demos, notices, metrics    stringList
	spdx, aliases, registry    string
	output                     string
	temperature, threshold     float64
	fresh                      freshFlags
	given                      map[string]bool // the flags that were set
	replace                    bool
	compile                    string
	image                      imageFlags
}

// stringList is a flag that may be given several times.
type stringList []string

// String returns the values for the help text.
func (l *stringList) String() string { return strings.Join(*l, ", ") }

// Set appends a value.
func (l *stringList) Set(s string) error {
	*l = append(*l, s)
	return nil
}

const addAbout = `add MODEL.onnx --name NAME --version X.Y.Z [flags]

Makes a package of an ONNX model and adds it to a registry: checks that the
model loads and fits its labels, copies the files, cuts them into chunks, writes
manifest.json and brings index.json up to date.

--labels takes a text file with one class a line, a JSON list of names, or the
JSON object that training wrote: classes, display, temperature,
unknown_threshold, input.scale and input.offset, files.<name> for values of one
model file; or feature_names and output_columns for a table of numbers.

--tokenizer takes the tokenizer.json of a model of text. Which of its inputs is
the mask, and which the types, is told by their names.`

// runAdd is `larder add`.
func runAdd(_ context.Context, std stdio, args []string) error {
	var f addFlags
	fs := f.flagSet()
	file, err := oneArgument(fs, std, addAbout, "MODEL.onnx", args)
	if err != nil {
		return err
	}
	if f.name == "" || f.version == "" {
		return usageError{"--name and --version are needed"}
	}
	f.given = map[string]bool{}
	fs.Visit(func(set *flag.Flag) { f.given[set.Name] = true })
	m, sources, err := f.build(file)
	if err != nil {
		return err
	}
	aliases := strings.FieldsFunc(f.aliases, func(r rune) bool { return r == ',' || r == ' ' })
	if err := pack.Write(f.registry, m, sources, f.replace, aliases...); err != nil {
		var e *pack.Error
		if errors.As(err, &e) && e.Code == pack.Exists {
			return fmt.Errorf("%s %s is in %s already; choose a new version, or --replace it if nobody has it yet", m.Name, m.Version, f.registry)
		}
		return err
	}
	all, needed := m.Size()
	fmt.Fprintf(std.out, "added %s %s to %s: %d files, %s, of which %s for a prediction\n",
		m.Name, m.Version, f.registry, len(m.Files), byteCount(all), byteCount(needed))
	return nil
}

func (f *addFlags) flagSet() *flag.FlagSet {
	fs := flag.NewFlagSet("add", flag.ContinueOnError)
	fs.StringVar(&f.name, "name", "", "name of the model in the registry")
	fs.StringVar(&f.version, "version", "", "semantic version, such as 2.0.0")
	fs.StringVar(&f.title, "title", "", "title for people")
	fs.StringVar(&f.task, "task", "", "what the model does (default image-classification or text-classification by the input, else tabular)")
	fs.StringVar(&f.created, "created", "", "when the version was made, as 2026-11-01T00:00:00Z (default now)")
	fs.StringVar(&f.labels, "labels", "", "file with the classes, or columns, of the output")
	fs.StringVar(&f.output, "output", "", "output that the labels belong to (default the one of that size)")
	fs.Float64Var(&f.temperature, "temperature", 0, "divides the logits (default from --labels, else 1)")
	fs.Float64Var(&f.threshold, "unknown-threshold", 0, "probability below which the answer is unknown (default from --labels, else 0)")
	fs.StringVar(&f.tokenizer, "tokenizer", "", "tokenizer.json of a model of text")
	fs.IntVar(&f.maxTokens, "max-tokens", 0, "longest text in tokens (default what the tokenizer says)")
	fs.StringVar(&f.card, "card", "", "model card in Markdown")
	fs.StringVar(&f.ood, "ood", "", "JSON file for the recognition of foreign pictures")
	fs.Var(&f.demos, "demo", "picture to try, as FILE or FILE=LABEL; repeat for more, best first")
	fs.Var(&f.notices, "notice", "licence text that stays with the model; repeat for more")
	fs.StringVar(&f.spdx, "licence", "", "licence as SPDX expression, such as \"Apache-2.0 AND MIT\"")
	fs.Var(&f.metrics, "metric", "measured figure, as NAME=NUMBER; repeat for more")
	f.fresh.define(fs)
	fs.StringVar(&f.aliases, "alias", "latest", "comma-separated names that stand for this version from now on")
	fs.StringVar(&f.registry, "registry", defaultRegistry, "folder of the registry")
	fs.StringVar(&f.compile, "compile", "", "compile the model, with weights as f32 or f16 (default: the ONNX file as it is)")
	fs.BoolVar(&f.replace, "replace", false, "overwrite a version that is there")
	f.image.define(fs)
	return fs
}

// build reads everything that goes into the package.
func (f *addFlags) build(file string) (*pack.Manifest, []pack.Source, error) {
	data, err := readFile(file, pack.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	ports, err := inspect(file, data)
	if err != nil {
		return nil, nil, err
	}
	train, err := readTraining(f.labels, filepath.Base(file))
	if err != nil {
		return nil, nil, err
	}
	m := &pack.Manifest{Name: f.name, Version: f.version, Title: f.title, Task: f.task}
	m.Model = pack.Model{Format: "onnx", File: "model.onnx"}
	if m.Freshness, err = f.fresh.freshness(func(name string) bool { return f.given[name] }); err != nil {
		return nil, nil, err
	}
	m.Licence.SPDX = f.spdx
	if m.Created, err = f.when(); err != nil {
		return nil, nil, err
	}
	if err := f.describe(m, ports, train); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := f.addMetrics(m); err != nil {
		return nil, nil, err
	}
	sources, err := f.network(m, file, data)
	if err != nil {
		return nil, nil, err
	}
	more, err := f.sources(m, train)
	return m, append(sources, more...), err
}

// network returns the files of the network: as it is, or compiled.
func (f *addFlags) network(m *pack.Manifest, file string, data []byte) ([]pack.Source, error) {
	if f.compile == "" {
		return []pack.Source{{Path: "model.onnx", Role: pack.RoleModel, Data: data}}, nil
	}
	if f.compile != "f32" && f.compile != "f16" {
		return nil, usageError{fmt.Sprintf("--compile %q: want f32 or f16", f.compile)}
	}
	plan, weights, err := compileModel(file, data, f.compile == "f16")
	if err != nil {
		return nil, err
	}
	m.Model = pack.Model{Format: pack.FormatPlan, File: compile.PlanFile}
	return []pack.Source{{Path: compile.PlanFile, Role: pack.RoleModel, Data: plan},
		{Path: compile.WeightsFile, Role: pack.RoleWeights, Data: weights}}, nil
}

func (f *addFlags) when() (time.Time, error) {
	if f.created == "" {
		return time.Now().UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, f.created)
	if err != nil {
		return t, usageError{fmt.Sprintf("--created %q: want a time such as 2026-11-01T00:00:00Z", f.created)}
	}
	return t.UTC(), nil
}

// sources reads card, ood file, notices and demos, and enters the latter two
// into the manifest.
func (f *addFlags) sources(m *pack.Manifest, train *training) ([]pack.Source, error) {
	var all []pack.Source
	if f.tokenizer != "" {
		data, err := f.readTokenizer()
		if err != nil {
			return nil, err
		}
		all = append(all, pack.Source{Path: tokenizerFile, Role: pack.RoleTokenizer, Data: data})
	}
	add := func(file, folder, name, role string) (string, error) {
		data, err := readFile(file, pack.MaxFile)
		if err != nil {
			return "", err
		}
		if name == "" {
			name = filepath.Base(file)
		}
		if role == pack.RoleOOD {
			if data, err = train.adjustOOD(data); err != nil {
				return "", fmt.Errorf("%s: %w", file, err)
			}
		}
		name = path.Join(folder, name)
		all = append(all, pack.Source{Path: name, Role: role, Data: data})
		return name, nil
	}
	for _, one := range []struct{ file, name, role string }{{f.card, "card.md", pack.RoleCard}, {f.ood, "ood.json", pack.RoleOOD}} {
		if one.file == "" {
			continue
		}
		if _, err := add(one.file, "", one.name, one.role); err != nil {
			return nil, err
		}
	}
	for _, file := range f.notices {
		name, err := add(file, "licences", "", pack.RoleLicence)
		if err != nil {
			return nil, err
		}
		m.Licence.Notices = append(m.Licence.Notices, name)
	}
	for _, demo := range f.demos {
		file, label, _ := strings.Cut(demo, "=")
		name, err := add(file, "demo", "", pack.RoleDemo)
		if err != nil {
			return nil, err
		}
		m.Demos = append(m.Demos, pack.Demo{File: name, Label: label})
	}
	return all, nil
}

// tokenizerFile is the path of a package's tokenizer.
const tokenizerFile = "tokenizer.json"

// readTokenizer reads the tokenizer and checks that it can be used.
func (f *addFlags) readTokenizer() ([]byte, error) {
	data, err := readFile(f.tokenizer, token.MaxFile)
	if err != nil {
		return nil, err
	}
	if _, err := token.Read(data, token.Options{Form: form.Normalize}); err != nil {
		return nil, fmt.Errorf("%s: %w", f.tokenizer, err)
	}
	return data, nil
}

// oneArgument parses args, in which flags may come before and after the one
// argument that the command takes.
func oneArgument(fs *flag.FlagSet, std stdio, about, what string, args []string) (string, error) {
	rest, err := arguments(fs, std, about, args)
	switch {
	case err != nil:
		return "", err
	case len(rest) == 0:
		return "", usageError{what + " is missing"}
	case len(rest) > 1:
		return "", usageError{fmt.Sprintf("unexpected argument %q", rest[1])}
	}
	return rest[0], nil
}

// arguments parses args, in which flags may stand between the arguments that
// are not flags, and returns these.
func arguments(fs *flag.FlagSet, std stdio, about string, args []string) ([]string, error) {
	var rest []string
	for {
		if err := parse(fs, std, about, args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// readFile reads a file of at most most bytes and explains the usual mistakes.
func readFile(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such file", name)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a folder, not a file", name)
	case info.Size() > most:
		return nil, fmt.Errorf("%s: has %s; the limit is %s", name, byteCount(info.Size()), byteCount(most))
	}
	return os.ReadFile(name)
}

// byteCount writes a number of bytes for people.
func byteCount(n int64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}
