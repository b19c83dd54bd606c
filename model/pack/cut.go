package pack

import (
	"errors"
	"io"
	"math/bits"

	"larder/sha256"
)

// Where a writer cuts, in bytes: where the content says so (a rolling hash), so that
// an insertion moves the cuts near it and no others, and the other chunks are those of
// the version before. A reader accepts any sizes.
const (
	// MinCut is the shortest chunk but for a file's last.
	MinCut = 8 << 10
	// TargetCut is about the mean.
	TargetCut = 64 << 10
	// MaxCut is the longest: what repeats itself for ever has no place to cut.
	MaxCut = 128 << 10
)

// The rolling hash is Gear (Xia et al., "Ddelta", 2014): each byte shifts it left by
// one and adds that byte's number, so that the last 64 bytes decide. A cut is made
// where the bits of a mask are all zero. As in FastCDC (Xia et al., 2016) the mask has
// two bits more before a point and two fewer after it, which gathers the sizes around
// it: from 56 KiB on, the mean of random bytes is 64 KiB. The highest bits are taken,
// which depend on the most bytes.
var (
	gear     = gearTable(0x4c61726465720001) // "Larder", 1
	earlyCut = highBits(bits.Len(TargetCut-1) + 2)
	lateCut  = highBits(bits.Len(TargetCut-1) - 2)
)

func highBits(n int) uint64 { return ^(^uint64(0) >> n) }

// gearTable fills the table with SplitMix64 (Steele, Lea, Flood, 2014) from a seed. It
// is part of the format only in so far as versions that are cut by another one share
// no chunks with those of this one.
func gearTable(seed uint64) (table [256]uint64) {
	for i := range table {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		table[i] = z ^ z>>31
	}
	return table
}

// boundary returns the length of the chunk at the beginning of data, which is all of
// data if there is no place to cut.
func boundary(data []byte) int {
	data = data[:min(len(data), MaxCut)]
	if len(data) <= MinCut {
		return len(data)
	}
	var hash uint64
	for _, b := range data[MinCut-64 : MinCut] {
		hash = hash<<1 + gear[b]
	}
	target := min(len(data), TargetCut-MinCut)
	for i, b := range data[MinCut:target] {
		if hash = hash<<1 + gear[b]; hash&earlyCut == 0 {
			return MinCut + i + 1
		}
	}
	for i, b := range data[target:] {
		if hash = hash<<1 + gear[b]; hash&lateCut == 0 {
			return target + i + 1
		}
	}
	return len(data)
}

// Cut reads r to its end and returns the file's length, digest and chunks.
func Cut(r io.Reader) (File, error) {
	var f File
	whole := sha256.New()
	buf := make([]byte, 16*MaxCut)
	have, ended := 0, false
	for {
		if have < MaxCut && !ended {
			n, err := io.ReadFull(r, buf[have:])
			have += n
			if ended = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !ended {
				return File{}, err
			}
		}
		at := 0
		for at < have && (ended || have-at >= MaxCut) {
			piece := buf[at : at+boundary(buf[at:have])]
			whole.Write(piece)
			f.Chunks = append(f.Chunks, Chunk{Bytes: len(piece), SHA256: Sum(piece)})
			f.Bytes += int64(len(piece))
			at += len(piece)
		}
		have = copy(buf, buf[at:have])
		switch {
		case f.Bytes > MaxFile:
			return File{}, &Error{Code: Invalid, Doc: "file", Reason: "longer than 4 GiB"}
		case ended && have == 0:
			f.SHA256 = Digest(whole.Sum(nil))
			return f, nil
		}
	}
}
