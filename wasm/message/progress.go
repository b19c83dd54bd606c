package message

// The phases of [Progress], in the order in which they come.
const (
	PhaseDownload = "download" // bytes come from the registry
	PhaseVerify   = "verify"   // bytes from the store or the registry are checked
	PhasePrepare  = "prepare"  // the model is decoded and made ready to run
)

// Progress says how far a request is.
type Progress struct {
	Phase  string // one of the Phase constants
	Loaded int64  // bytes done
	Total  int64  // bytes in all; 0 when not known
	File   string // the file in work, relative to the version; may be empty
}

// Encode returns the progress as a message tree.
func (p Progress) Encode() map[string]any {
	return map[string]any{"phase": p.Phase, "loaded": p.Loaded, "total": p.Total, "file": p.File}
}

// Message returns the whole message that carries p for the request id.
func (p Progress) Message(id int) map[string]any {
	return map[string]any{"id": id, "progress": p.Encode()}
}

// DecodeProgress reads a progress (the field of a message, or what larder.js
// hands to onProgress).
func DecodeProgress(v any) (Progress, error) {
	var err error
	f := open("progress", v, &err)
	p := Progress{Phase: f.must("phase", maxName), Loaded: f.count("loaded"), Total: f.count("total"), File: f.text("file", maxURL)}
	return p, err
}
