// Command generate writes the kernels' modules into the current directory.
package main

import (
	"fmt"
	"os"

	"larder/model/kernel"
)

func main() {
	for _, twin := range kernel.Twins {
		if err := os.WriteFile(twin.File, kernel.Module(twin.Options), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}
