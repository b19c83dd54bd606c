package graph

// sortNodes puts the nodes into an order in which every value is made before it
// is read, keeping file order where it can: Kahn's algorithm with a queue.
// It fails for a cycle.
func sortNodes(g *Graph) error {
	if sorted(g) {
		return nil
	}
	waits := make(map[*Node]int, len(g.Nodes))       // how many inputs are not made yet
	readers := make(map[*Node][]*Node, len(g.Nodes)) // once for each such input
	var queue []*Node
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Producer != nil {
				waits[n]++
				readers[v.Producer] = append(readers[v.Producer], n)
			}
		}
	}
	for _, n := range g.Nodes {
		if waits[n] == 0 {
			queue = append(queue, n)
		}
	}
	for i := 0; i < len(queue); i++ {
		for _, r := range readers[queue[i]] {
			if waits[r]--; waits[r] == 0 {
				queue = append(queue, r)
			}
		}
	}
	if len(queue) < len(g.Nodes) {
		for _, n := range g.Nodes {
			if waits[n] > 0 {
				return invalid(n.Path, "the nodes form a cycle: this one waits for its own result")
			}
		}
	}
	g.Nodes = queue
	return nil
}

// sorted reports whether the nodes are in order already, as nearly all files
// are.
func sorted(g *Graph) bool {
	made := make(map[*Node]bool, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Producer != nil && !made[v.Producer] {
				return false
			}
		}
		made[n] = true
	}
	return true
}
