package engine

// HostError reports that the host could not do its part: no memory to be had, a
// thread that died, a kernel that trapped. The model is not to blame.
type HostError struct {
	Op     string // "open", "grow", "write", "read" or "run"
	Reason string
}

// Error names both.
func (e *HostError) Error() string { return "engine: " + e.Op + ": " + e.Reason }
