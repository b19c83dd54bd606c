package slim

// tableBase is the place of the first function in the table of a Go program; a
// function's place there times 65536 is its address in Go.
const tableBase = 0x1000
