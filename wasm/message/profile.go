package message

// Profile says where the time of one run went. Times are in milliseconds.
type Profile struct {
	Steps []ProfileStep
	Total float64 // the sum of all steps
	Table string  // the same for people
}

// ProfileStep is one step of a run.
type ProfileStep struct {
	Node   string  // where it is in the model's graph; empty for what belongs to no node
	Op     string  // its operator; empty likewise
	Kernel string  // what ran, such as "conv"; the operator if that was plain Go
	Host   bool    // whether it was plain Go
	Value  string  // what it makes
	Time   float64 // milliseconds
	GFlops float64 // 10⁹ operations of the direct algorithm a second; 0 if nothing is known
	Share  float64 // of the whole, 0 to 1
}

// Encode returns the profile as a message tree. Steps are numbered.
func (p Profile) Encode() map[string]any {
	steps := make([]any, len(p.Steps))
	for i, s := range p.Steps {
		steps[i] = map[string]any{"step": i, "node": orNull(s.Node), "op": orNull(s.Op), "kernel": s.Kernel, "host": s.Host,
			"value": s.Value, "ms": s.Time, "gflops": s.GFlops, "share": s.Share}
	}
	return map[string]any{"steps": steps, "total": p.Total, "table": p.Table}
}

// DecodeProfile reads a profile.
func DecodeProfile(v any) (Profile, error) {
	var err error
	f := open("profile", v, &err)
	p := Profile{Total: f.number("total"), Table: f.text("table", maxDoc)}
	p.Steps = each(f, "steps", maxList, func(f fields) ProfileStep {
		return ProfileStep{Node: f.text("node", maxText), Op: f.text("op", maxText), Kernel: f.must("kernel", maxText), Host: f.flag("host"),
			Value: f.text("value", maxText), Time: f.number("ms"), GFlops: f.number("gflops"), Share: f.number("share")}
	})
	return p, err
}

// encodeOptional returns a profile as a message tree, nil for none.
func encodeOptional(p *Profile) any {
	if p == nil {
		return nil
	}
	return p.Encode()
}

// optionalProfile reads a profile that may be missing.
func (f fields) optionalProfile() *Profile {
	if *f.err != nil || !f.has("profile") {
		return nil
	}
	p, err := DecodeProfile(f.m["profile"])
	if err != nil {
		*f.err = err
		return nil
	}
	return &p
}
