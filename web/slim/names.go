package slim

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// keptNames are those that the runtime compares with.
var keptNames = map[string]bool{"runtime.gopanic": true, "reflect.makeFuncStub": true, "reflect.methodValueCall": true}

// shortName returns what stays of a function's name: its package, because the runtime
// tells its own goroutines and frames by that, and the form of a method's name,
// which the panic of a method that is called on a nil pointer takes apart.
func shortName(name string) string {
	if keptNames[name] {
		return name
	}
	bare, _, _ := strings.Cut(name, "[") // type arguments have paths of their own
	slash := strings.LastIndexByte(bare, '/') + 1
	pkg, rest, ok := strings.Cut(bare[slash:], ".")
	switch {
	case !ok:
		return "?"
	case strings.HasPrefix(rest, "(*"):
		return bare[:slash] + pkg + ".(*?).?"
	}
	return bare[:slash] + pkg + ".?"
}

// shortenNames leaves of each function's name its package. It returns where there is
// free memory then: nothing reads what was behind the names.
func (t *pclntab) shortenNames() (free span, err error) {
	names, err := t.names()
	if err != nil {
		return free, err
	}
	table := t.memory[t.at+t.word(pclnNames) : t.at+t.word(pclnUnits)]
	short := []byte{0}
	offsets := map[string]int{}
	for _, r := range t.records {
		name := shortName(names[r.function])
		if _, ok := offsets[name]; !ok {
			offsets[name] = len(short)
			short = append(append(short, name...), 0)
		}
		binary.LittleEndian.PutUint32(t.memory[r.at+funcName:], uint32(offsets[name]))
	}
	if len(short) > len(table) || bytes.Equal(table, short) {
		return free, errorf("the functions' names do not become shorter")
	}
	clear(table[copy(table, short):])
	return span{t.at + t.word(pclnNames) + len(short), t.at + t.word(pclnSeqTable)}, nil
}
