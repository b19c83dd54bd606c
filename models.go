package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"larder/model/pack"
)

const modelsAbout = `models [flags]

Lists the models of a registry: versions, aliases, what a first visit downloads,
task, accuracy and date. --verify also checks every file of a registry in a
folder against its manifest.`

// runModels is `larder models`.
func runModels(ctx context.Context, std stdio, args []string) error {
	var where string
	var verify bool
	fs := flag.NewFlagSet("models", flag.ContinueOnError)
	fs.StringVar(&where, "registry", defaultRegistry, "folder or URL of the model registry")
	fs.BoolVar(&verify, "verify", false, "check sizes and SHA-256 of every file")
	rest, err := arguments(fs, std, modelsAbout, args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	}
	src, err := openSource(where)
	if err != nil {
		return err
	}
	data, err := src.index(ctx)
	if err != nil {
		return err
	}
	x, err := pack.DecodeIndex(data)
	if err != nil {
		return err
	}
	for i := range x.Models {
		if i > 0 {
			fmt.Fprintln(std.out)
		}
		if err := listModel(ctx, std.out, src, x, &x.Models[i]); err != nil {
			return err
		}
	}
	if verify {
		return verifyAll(std.out, src)
	}
	return nil
}

// listModel prints one model and its versions, the newest first.
func listModel(ctx context.Context, w io.Writer, src modelSource, x *pack.Index, model *pack.IndexModel) error {
	line := model.Name
	if model.Title != "" {
		line += " — " + model.Title
	}
	if model.Name == x.Default {
		line += " (default)"
	}
	fmt.Fprintln(w, line)
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tab, "  VERSION\tALIAS\tDOWNLOAD\tTASK\tACCURACY\tCREATED")
	for _, version := range slices.Backward(model.Versions) {
		m, err := src.manifest(ctx, model.Name, version)
		if err != nil {
			return err
		}
		var aliases []string
		for _, a := range model.Aliases {
			if a.Version == version {
				aliases = append(aliases, a.Name)
			}
		}
		accuracy := "-"
		if v, ok := m.Metric("testAccuracy"); ok {
			accuracy = percent(v)
		}
		_, needed := m.Size()
		fmt.Fprintf(tab, "  %s\t%s\t%s\t%s\t%s\t%s\n", version, cmp.Or(strings.Join(aliases, ","), "-"),
			byteCount(needed), m.Task, accuracy, m.Created.Format("2006-01-02"))
	}
	return tab.Flush()
}

func verifyAll(w io.Writer, src modelSource) error {
	d, ok := src.(dirSource)
	if !ok {
		return usageError{"--verify needs a registry in a folder"}
	}
	if err := d.dir.Verify(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nevery file is as its manifest says")
	return nil
}
