package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// entry is what models.json says of one model.
type entry struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Bytes int    `json:"bytes"` // of the ONNX file
	MACs  int    `json:"macs"`  // multiply-adds of the direct algorithm, for one picture or text
	// Inputs lists what a run is given; absent: the picture of all nets.
	Inputs []port `json:"inputs,omitempty"`
	// Formats lists the endings of the files that there are; absent: all.
	Formats []string `json:"formats,omitempty"`
	// Tolerance is how much scores may differ, if it is not the usual.
	Tolerance float64 `json:"tolerance,omitempty"`
}

var onnxOnly = []string{".onnx"}

func main() {
	out := flag.String("out", "", "folder to write to")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes all models. models.json comes last: where it is, everything is.
func run(out string) error {
	if err := os.MkdirAll(filepath.Join(out, "nhwc"), 0o755); err != nil {
		return err
	}
	var list []entry
	for _, m := range models {
		n := newNet(m.name)
		m.build(n)
		file := encodeONNX(n)
		list = append(list, entry{Name: m.name, Title: m.title, Bytes: len(file), MACs: n.macs})
		graph, weights := encodeGraph(n)
		for name, content := range map[string][]byte{
			m.name + ".onnx":             file,
			"nhwc/" + m.name + ".json":   graph,
			"nhwc/" + m.name + ".bin":    weights,
			"nhwc/" + m.name + ".tflite": encodeTFLite(n),
		} {
			if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil {
				return err
			}
		}
		say(list[len(list)-1])
		for _, q := range quantised {
			if q.of != m.name {
				continue
			}
			e, err := q.write(out, file, n)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
	}
	for _, m := range encoders {
		e, file := m.build(m.name)
		list = append(list, entry{Name: m.name, Title: m.title, Bytes: len(file), MACs: e.macs, Inputs: m.inputs, Formats: onnxOnly})
		if err := os.WriteFile(filepath.Join(out, m.name+".onnx"), file, 0o644); err != nil {
			return err
		}
		say(list[len(list)-1])
	}
	steps, file := forest("trees_500x8")
	list = append(list, entry{Name: "trees_500x8", Title: "500 trees x 8, 100000 rows", Bytes: len(file), MACs: steps, Inputs: rows, Formats: onnxOnly})
	if err := os.WriteFile(filepath.Join(out, "trees_500x8.onnx"), file, 0o644); err != nil {
		return err
	}
	say(list[len(list)-1])
	index, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "models.json"), append(index, '\n'), 0o644)
}

func say(e entry) {
	fmt.Printf("%-16s %7.2f MB %6.2f GMAC\n", e.Name, float64(e.Bytes)/1e6, float64(e.MACs)/1e9)
}
