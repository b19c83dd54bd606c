package slim

import "fmt"

// Module returns a smaller form of a module that Go's linker has written. It
// fails, with nothing changed, if the module is not of the form that it knows.
func Module(module []byte) ([]byte, error) {
	sections, err := split(module)
	if err != nil {
		return nil, err
	}
	for i, s := range sections {
		if s.id != dataSection {
			continue
		}
		image, err := readData(s.body)
		if err != nil {
			return nil, err
		}
		table, err := findTable(image.bytes)
		if err != nil {
			return nil, err
		}
		if err := table.clearLines(); err != nil {
			return nil, err
		}
		if err := table.dropTypes(); err != nil {
			return nil, err
		}
		sections[i].body = image.encode()
	}
	return tighten(join(sections))
}

// errorf reports a module that is not as expected.
func errorf(format string, args ...any) error { return fmt.Errorf("slim: "+format, args...) }
