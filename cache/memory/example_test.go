package memory_test

import (
	"fmt"

	"larder/cache/memory"
)

// What is in use stays whatever the budget says, and goes with its last lease.
func ExampleTier() {
	tier := memory.New(memory.Options{MaxBytes: 100, OnRemove: func(r memory.Removal) {
		fmt.Println(r.Key, "went:", r.Cause)
	}})
	photo := tier.PutTake("photo", memory.Value{Of: "…", Bytes: 80})
	tier.Put("sound", memory.Value{Of: "…", Bytes: 50})
	fmt.Println(tier.Stats().Bytes, "bytes")
	if l := tier.Take("photo"); l != nil {
		fmt.Println("photo is there, with", tier.Stats().Leases, "leases")
		l.Release()
	}
	tier.Remove("photo")
	fmt.Println("removed, and still in use:", photo.Value())
	photo.Release()
	// Output:
	// sound went: size
	// 80 bytes
	// photo is there, with 2 leases
	// removed, and still in use: …
	// photo went: explicit
}

// A value beyond the budget is found as long as the program itself holds it.
func ExampleWeak() {
	type picture struct{ pixels []byte }
	tier := memory.New(memory.Options{MaxBytes: -1}) // nothing is kept beyond its use
	mine := &picture{make([]byte, 100)}
	tier.Put("leaf", memory.Value{Of: mine, Bytes: 100, Weak: memory.Weak(mine)})
	found, ok := tier.Get("leaf")
	fmt.Println(ok, found == any(mine), tier.Stats().Entries, "strong,", tier.Stats().Weak, "weak")
	// Output: true true 0 strong, 1 weak
}
