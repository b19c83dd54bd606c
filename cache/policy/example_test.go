package policy_test

import (
	"fmt"

	"larder/cache/policy"
)

// Of two that were used alike, the one goes that is cheaper to bring back for its size.
func Example() {
	p := policy.NewGDSF()
	p.Budget(1000)
	p.Add(&policy.Item{Bytes: 600, Cost: 10, Owner: "large and quickly loaded"})
	p.Add(&policy.Item{Bytes: 500, Cost: 900, Owner: "takes minutes to load"})
	victim := p.Victim()
	fmt.Println(victim.Owner)
	p.Remove(victim, true)
	// Output: large and quickly loaded
}
