package main

import (
	"context"
	"flag"
	"fmt"

	"larder/model/pack"
)

const recutAbout = `recut [flags]

Cuts the files of a registry's packages into chunks anew, at the places that
"larder add" takes today. Only manifests change. Registries of any cut stay
readable; versions share chunks only if they were cut alike.`

// runRecut is `larder recut`.
func runRecut(_ context.Context, std stdio, args []string) error {
	var dir string
	fs := flag.NewFlagSet("recut", flag.ContinueOnError)
	fs.StringVar(&dir, "registry", defaultRegistry, "folder of the model registry")
	rest, err := arguments(fs, std, recutAbout, args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return usageError{fmt.Sprintf("unexpected argument %q", rest[0])}
	}
	n, err := pack.Recut(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%d manifests changed\n", n)
	return nil
}
