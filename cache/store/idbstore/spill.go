package idbstore

import (
	"bytes"
	"encoding/binary"

	"larder/cache/store"
	"larder/sha256"
)

// A spill is a file with the chunks that a gathering has taken and IndexedDB has not. It
// has slots, one for each pack in the making, and a slot is chunks one after the other,
// each behind a header: 4 bytes of mark, 4 of size, the lowest first, and 32 of digest.
// What an earlier use of a slot left behind the last chunk is a chunk that is stored
// already, or none: a reader believes only what has its digest.
const (
	spillHeader = 4 + 4 + sha256.Size
	spillSlots  = 3
	slotBytes   = packBytes + maxEntries*spillHeader
)

var spillMark = []byte("LSC1")

func encodeSpillHeader(e entry) []byte {
	out := make([]byte, 0, spillHeader)
	out = append(out, spillMark...)
	out = binary.LittleEndian.AppendUint32(out, uint32(e.size))
	return append(out, e.digest[:]...)
}

// decodeSlot returns the chunks of a slot, which share its memory. It ends at the first
// that is not whole.
func decodeSlot(slot []byte) (out []store.Chunk) {
	for len(out) < maxEntries && len(slot) > spillHeader && bytes.HasPrefix(slot, spillMark) {
		size := uint64(binary.LittleEndian.Uint32(slot[len(spillMark):]))
		digest := store.Digest(slot[spillHeader-sha256.Size:])
		if size == 0 || size > uint64(len(slot)-spillHeader) {
			break
		}
		data := slot[spillHeader:][:size:size]
		if sha256.Sum256(data) != digest {
			break
		}
		out = append(out, store.Chunk{Digest: digest, Data: store.Bytes(data)})
		slot = slot[spillHeader+size:]
	}
	return out
}
