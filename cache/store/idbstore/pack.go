package idbstore

import (
	"encoding/binary"

	"larder/cache/store"
	"larder/sha256"
)

// packBytes is how large a pack becomes. Measured in Chromium (web/bench/records.mjs): 100
// MB in packs of 4 MiB are read in 0.1 s and written in 0.4, in packs of 1 MiB in 0.4 and
// 0.7 s. As ArrayBuffers they are read in 0.3 s, whatever their size.
const packBytes = 4 << 20

// A table says what lies in a pack, chunk after chunk: 32 bytes of digest, all zero for
// one that was deleted, and 4 bytes of size, the lowest first. A pack never changes and
// its name follows from what it holds, so whoever knows where a chunk lay still finds
// it there, or finds no pack.
const entryBytes = sha256.Size + 4

// maxEntries bounds the chunks of a pack.
const maxEntries = 4096

type entry struct {
	digest store.Digest // zero: deleted
	size   int64
}

func encodeTable(list []entry) []byte {
	out := make([]byte, 0, len(list)*entryBytes)
	for _, e := range list {
		out = append(out, e.digest[:]...)
		out = binary.LittleEndian.AppendUint32(out, uint32(e.size))
	}
	return out
}

// decodeTable returns nothing for what is no table.
func decodeTable(data []byte) []entry {
	if len(data)%entryBytes != 0 || len(data) > maxEntries*entryBytes {
		return nil
	}
	list := make([]entry, len(data)/entryBytes)
	for i := range list {
		row := data[i*entryBytes:]
		list[i] = entry{store.Digest(row), int64(binary.LittleEndian.Uint32(row[sha256.Size:]))}
	}
	return list
}
