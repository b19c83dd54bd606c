// Command larder is the toolkit's command line: it builds and serves the static
// site, and works with the model registry from a terminal.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
)

// command is one entry of the table: `larder NAME …`.
type command struct {
	name    string // what is typed
	summary string // one line for the overview
	hidden  bool   // not in the overview: an implementation detail of build.sh
	run     func(ctx context.Context, std stdio, args []string) error
}

// stdio is what a command reads and writes, so that tests can hold it.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a mistake on the command line itself; it exits with status 2.
type usageError struct{ detail string }

func (e usageError) Error() string { return e.detail }

// commands is the table of all commands, in the order of the overview.
// A command lives in the file of its name: serve.go, build.go …
func commands() []command {
	return []command{
		{name: "serve", summary: "serve the site in dist/", run: runServe},
		{name: "predict", summary: "say what pictures show", run: runPredict},
		{name: "models", summary: "list the models of a registry", run: runModels},
		{name: "add", summary: "make a package of an ONNX model and add it to a registry", run: runAdd},
		{name: "profile", summary: "say where the time of a model's run goes", run: runProfile},
		{name: "pack", summary: "compile an ONNX model: graph and weights ready for the kernels", run: runPack},
		{name: "quantize", summary: "make an ONNX file of integers of a model", run: runQuantize},
		{name: "export", summary: "write a version as one file, for devices without a network", run: runExport},
		{name: "recut", summary: "cut the files of a registry into chunks anew", run: runRecut},
		{name: "evaluate", summary: "count the pictures that a model gets right", run: runEvaluate},
		{name: "build", summary: "build the site into dist/", hidden: true, run: runBuild},
		{name: "edge", summary: "build the edge worker into dist-edge/", hidden: true, run: runEdge},
		{name: "size", summary: "print the sizes of a built site", hidden: true, run: runSize},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(dispatch(ctx, stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:]))
}

// dispatch runs the command that args name and returns the exit status:
// 0 done, 1 failed, 2 the command line was wrong.
func dispatch(ctx context.Context, std stdio, args []string) int {
	if len(args) == 0 {
		overview(std.err)
		return 2
	}
	if args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		overview(std.out)
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return status(std, c.name, c.run(ctx, std, args[1:]))
		}
	}
	fmt.Fprintf(std.err, "larder: unknown command %q\n\n", args[0])
	overview(std.err)
	return 2
}

// status reports err, if any, and returns the exit status for it.
func status(std stdio, name string, err error) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(std.err, "larder %s: %s (`larder %s -h` lists the flags)\n", name, usage.detail, name)
		return 2
	default:
		fmt.Fprintf(std.err, "larder %s: %v\n", name, err)
		return 1
	}
}

// overview prints the table.
func overview(w io.Writer) {
	fmt.Fprint(w, "Larder keeps classifiers fresh in the browser.\n\nusage: larder COMMAND [flags]   (or: go run . COMMAND [flags])\n\n")
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(tab, "  %s\t%s\n", c.name, c.summary)
		}
	}
	tab.Flush()
	fmt.Fprint(w, "\n`larder COMMAND -h` explains one command.\n")
}

// parse reads args into fs and prints the help text of -h to standard output.
// It returns flag.ErrHelp for -h and a usageError for a mistake.
func parse(fs *flag.FlagSet, std stdio, about string, args []string) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(std.out, "usage: larder %s\n\n", about)
		fs.SetOutput(std.out)
		fs.PrintDefaults()
		return flag.ErrHelp
	case err != nil:
		return usageError{err.Error()}
	}
	return nil
}
