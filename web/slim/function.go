package slim

import "encoding/binary"

// function is what the table says of a function.
type function struct {
	name  uint32 // offset
	args  uint32
	frame frame
	maps  string // which of its arguments are pointers (function data 0); "" if it has none
}

// frame is the part of it that many functions have in common.
type frame struct {
	deferred uint32
	id, flag byte
	mark     byte                // in main, of a function that was taken out: what follows is not its own
	depth    string              // the sequence of its frame's sizes; "" if it has none
	index    string              // the sequence that says which map of pointers holds where
	data     [maxFuncData]string // function data by number, without number 0
}

const (
	funcArgs = 8
	funcID   = 40
	funcFlag = 41
	funcMark = 42 // the runtime does not use it

	mapIndex    = 1 // the number of the only sequence by number that clearLines leaves
	maxFuncData = 8

	// Function data by number that clearLines leaves (internal/abi), besides maps of
	// arguments and variables, 0 and 1.
	dataObjects = 2 // variables that have an address
	dataDefer   = 4 // where deferred calls are noted
	dataWrapped = 7 // the function that a wrapper calls
)

// function reads a record that clearLines has been at.
func (t *pclntab) function(r funcRecord) (function, error) {
	var f function
	numPCs, numData, err := t.counts(r)
	if err != nil {
		return f, err
	}
	record := t.memory[r.at:]
	word := func(off int) uint32 { return binary.LittleEndian.Uint32(record[off:]) }
	f = function{name: word(funcName), args: word(funcArgs), frame: frame{deferred: word(funcDeferred), id: record[funcID], flag: record[funcFlag], mark: record[funcMark]}}
	if word(funcFile)|word(funcLine) != 0 || numData > maxFuncData {
		return f, errorf("a function's record has more than it should have by now")
	}
	if f.frame.depth, err = t.sequence(word(funcDepth)); err != nil {
		return f, err
	}
	for k := range numPCs {
		s, err := t.sequence(word(funcPCData + 4*k))
		if err == nil && s != "" && k != mapIndex {
			err = errorf("a function has sequence %d", k)
		}
		if err != nil {
			return f, err
		}
		if k == mapIndex {
			f.frame.index = s
		}
	}
	for k := range numData {
		data, err := t.dataOf(k, word(funcPCData+4*numPCs+4*k))
		if err != nil {
			return f, err
		}
		if k == 0 {
			f.maps = data
		} else {
			f.frame.data[k] = data
		}
	}
	return f, nil
}

// numData returns how many numbers of function data a record needs.
func (f *frame) numData() int {
	n := maxFuncData
	for n > 1 && f.data[n-1] == "" {
		n--
	}
	return n
}

// sequence returns the bytes of a sequence.
func (t *pclntab) sequence(off uint32) (string, error) {
	end, err := t.sequenceEnd(off)
	if err != nil || off == 0 {
		return "", err
	}
	return string(t.sequenceTable()[off:end]), nil
}

// dataOf returns the bytes of function data of a number.
func (t *pclntab) dataOf(number int, off uint32) (string, error) {
	if off == noFuncData {
		return "", nil
	}
	if int64(off) >= int64(t.end-t.funcData) {
		return "", errorf("function data lies beyond its place")
	}
	data := t.memory[t.funcData+int(off) : t.end]
	n, err := dataLength(number, data)
	if err != nil {
		return "", err
	}
	return string(data[:n]), nil
}

// dataLength returns how long function data of a number is that data begins with.
func dataLength(number int, data []byte) (int, error) {
	r := reader{data, 0}
	word := func() int64 {
		if b := r.take(4); b != nil {
			return int64(binary.LittleEndian.Uint32(b))
		}
		return 0
	}
	n := int64(0)
	switch number {
	case 0, 1: // how many maps, how many bits each, the maps
		maps, bits := word(), word()
		n = 8 + maps*((bits+7)/8)
	case dataObjects: // how many, and four words for each
		n = 8 + 16*word()
	case dataDefer: // two numbers
		r.uint()
		r.uint()
		n = int64(r.at)
	case dataWrapped: // an address
		n = 4
	default:
		return 0, errorf("a function has function data %d", number)
	}
	if n > int64(len(data)) {
		return 0, errorf("function data reaches beyond its place")
	}
	return int(n), nil
}
