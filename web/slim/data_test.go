package slim

import (
	"bytes"
	"testing"
)

// Data that is moved to where an earlier form of the section left zeros out is written.
func TestDataMovedIntoZeros(t *testing.T) {
	m := &image{bytes: make([]byte, 4*longZeros)}
	copy(m.bytes[10:], "first")
	copy(m.bytes[3*longZeros:], "last")
	for _, at := range []int{2 * longZeros, longZeros + 100} {
		again, err := readData(m.encode())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.bytes, m.bytes) {
			t.Fatal("the image is another one when it is read again")
		}
		if len(again.encode()) > 3*longZeros {
			t.Error("long stretches of zeros are written out")
		}
		copy(again.bytes[at:], "moved")
		m = again
	}
}
