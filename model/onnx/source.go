package onnx

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"unsafe"

	"larder/model/tensor"
)

// Source is a file that is read in pieces, so that its bytes can lie outside of
// Go's heap. Reads come one at a time.
type Source interface {
	io.ReaderAt
	// Size is the number of bytes.
	Size() int64
}

// minDeferred is the size from which on the data of a tensor stays in the file.
// What steers shapes is smaller.
const minDeferred = 4 << 10

// Open reads the structure of a file. Large data stays there: it becomes deferred
// tensors, so that src must give the same bytes as long as the model is in use.
func Open(src Source, opt Options) (*Model, error) {
	if err := opt.check(src.Size()); err != nil {
		return nil, err
	}
	s := &skimmer{src: src}
	b, err := s.message(inModel, 0, src.Size(), 0)
	if err != nil {
		return nil, err
	}
	d := &decoder{opt: opt, src: src}
	return d.model(b)
}

// span is a part of a file.
type span struct {
	src    Source
	at     int64
	length int64
}

// bytes reads all of it.
func (s span) bytes() ([]byte, error) {
	b := make([]byte, s.length)
	return b, s.read(b, 0)
}

// read fills b with the bytes from at on.
func (s span) read(b []byte, at int64) error {
	n, err := s.src.ReadAt(b, s.at+at)
	if n == len(b) {
		return nil // ReadAt may return io.EOF with the last bytes
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// defers makes a tensor of data that stays in the file.
func (p *tensorFields) defers(s span, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	size := p.dtype.Size()
	if size == 0 {
		return nil, fail(Malformed, "a tensor of %v has raw data", p.dtype)
	}
	if s.length != int64(n)*int64(size) {
		return nil, fail(Malformed, "%d bytes of data instead of %d for %v%v", s.length, int64(n)*int64(size), p.dtype, shape)
	}
	var src tensor.Source = rawData{s, p.dtype}
	switch p.dtype {
	case tensor.Float32:
		src = rawFloats{rawData{s, p.dtype}}
	case tensor.Float16:
		src = rawHalves{rawData{s, p.dtype}}
	}
	return tensor.Deferred(p.dtype, src, shape...)
}

// rawData is raw_data of a deferred tensor.
type rawData struct {
	span
	dtype tensor.DType
}

// Position implements [tensor.Source].
func (r rawData) Position() int64 { return r.at }

// Elements implements [tensor.Source].
func (r rawData) Elements(at, n int) (any, error) {
	size := r.dtype.Size()
	b := make([]byte, n*size)
	if err := r.read(b, int64(at)*int64(size)); err != nil {
		return nil, err
	}
	t, err := (&tensorFields{dtype: r.dtype, raw: b}).fromRaw(tensor.Shape{n}, n)
	if err != nil {
		return nil, err
	}
	return t.Any(), nil
}

// rawFloats is rawData of 32-bit floats, which are read in place.
type rawFloats struct{ rawData }

// Elements implements [tensor.Source].
func (r rawFloats) Elements(at, n int) (any, error) {
	out := make([]float32, n)
	return out, r.Floats(out, at)
}

// Floats implements [tensor.FloatSource].
func (r rawFloats) Floats(dst []float32, at int) error {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), 4*len(dst))
	if err := r.read(b, 4*int64(at)); err != nil {
		return err
	}
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
	return nil
}

// rawHalves is rawData of 16-bit floats. It implements tensor.HalfSource.
type rawHalves struct{ rawData }

// Widen implements [tensor.HalfSource]. The halves are read into the second half of
// dst, where the floats come behind them: element i is written to bytes 4i to 4i+3 after
// it was read from byte 2n+2i, which is never less.
func (r rawHalves) Widen(dst []float32, at int) error {
	n := len(dst)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), 4*n)[2*n:]
	if err := r.read(b, 2*int64(at)); err != nil {
		return err
	}
	for i := range dst {
		dst[i] = tensor.Half(binary.LittleEndian.Uint16(b[2*i:])).Float32()
	}
	return nil
}

// kind is a message that may contain data of tensors.
type kind uint8

const (
	inModel kind = iota + 1
	inGraph
	inNode
	inAttribute
	inFunction
	inTensor
)

// parts says which fields of a message are such messages again.
var parts = map[kind]map[uint64]kind{
	inModel:     {7: inGraph, 25: inFunction},
	inGraph:     {1: inNode, 5: inTensor},
	inNode:      {5: inAttribute},
	inAttribute: {5: inTensor, 6: inGraph, 10: inTensor, 11: inGraph},
	inFunction:  {7: inNode},
	inTensor:    nil,
}

const (
	rawField = 9 // of TensorProto: raw_data
	// leftField stands for raw_data that was left in the file: where it begins and
	// its length, as varints. No version of onnx.proto has a field of this number.
	leftField = 1 << 20
)

// skimmer copies a file without the large data of its tensors.
type skimmer struct {
	src    Source
	window []byte // of the file, at the offset from
	from   int64
}

// skimWindow is how much is read at a time.
const skimWindow = 32 << 10

// at returns the next bytes of the file, up to the given end, at least n of them
// if there are so many.
func (s *skimmer) at(pos, end int64, n int) ([]byte, error) {
	if have := s.from + int64(len(s.window)); pos < s.from || pos+min(int64(n), end-pos) > have {
		size := min(max(skimWindow, int64(n)), s.src.Size()-pos)
		s.window = slices.Grow(s.window[:0], int(size))[:size]
		s.from = pos
		if err := (span{src: s.src}).read(s.window, pos); err != nil {
			s.window = s.window[:0]
			return nil, unread("the file", err)
		}
	}
	b := s.window[pos-s.from:]
	return b[:min(int64(len(b)), end-pos)], nil
}

// maxTag is the most that a field's number and length take.
const maxTag = 2 * binary.MaxVarintLen64

// message copies the message of a kind that lies between two offsets. What is not
// as it should be is copied as it is, for the decoder to explain.
func (s *skimmer) message(k kind, pos, end int64, depth int) (out []byte, err error) {
	if depth > 4*maxDepth {
		return nil, fail(TooLarge, "graphs nest deeper than %d", maxDepth)
	}
	for pos < end {
		b, err := s.at(pos, end, maxTag)
		if err != nil {
			return nil, err
		}
		tag, n := binary.Uvarint(b)
		length, m := uint64(0), 0
		if n > 0 {
			length, m = payload(tag, b[n:])
		}
		head := int64(n + m)
		if n <= 0 || m < 0 || length > uint64(end-pos-head) {
			return s.copy(out, pos, end)
		}
		body, next := pos+head, pos+head+int64(length)
		num, packed := tag>>3, tag&7 == wireBytes
		switch child := parts[k][num]; {
		case packed && child != 0:
			inner, err := s.message(child, body, next, depth+1)
			if err != nil {
				return nil, err
			}
			out = binary.AppendUvarint(binary.AppendUvarint(out, tag), uint64(len(inner)))
			out = append(out, inner...)
		case packed && k == inTensor && num == rawField && length >= minDeferred:
			where := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(body)), length)
			out = binary.AppendUvarint(binary.AppendUvarint(out, leftField<<3|wireBytes), uint64(len(where)))
			out = append(out, where...)
		case k == inTensor && num == leftField: // nothing that a file may say
		default:
			if out, err = s.copy(out, pos, next); err != nil {
				return nil, err
			}
		}
		pos = next
	}
	return out, nil
}

// payload returns the length of a field's value and of what says so; m is
// negative where that cannot be.
func payload(tag uint64, b []byte) (length uint64, m int) {
	switch tag & 7 {
	case wireVarint:
		if _, n := binary.Uvarint(b); n > 0 {
			return uint64(n), 0
		}
	case wire64:
		return 8, 0
	case wire32:
		return 4, 0
	case wireBytes:
		if v, n := binary.Uvarint(b); n > 0 {
			return v, n
		}
	}
	return 0, -1
}

// copy appends the bytes between two offsets.
func (s *skimmer) copy(out []byte, pos, end int64) ([]byte, error) {
	for pos < end {
		b, err := s.at(pos, end, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
		pos += int64(len(b))
	}
	return out, nil
}
