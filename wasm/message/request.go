package message

// Request asks the worker for something.
type Request struct {
	ID     int            // chosen by the sender, unique among its open requests
	Method string         // one of the Method constants
	Params map[string]any // decoded by the method's own Decode function; may be nil
}

// Encode returns the request as a message tree.
func (r Request) Encode() map[string]any {
	m := map[string]any{"id": r.ID, "method": r.Method}
	if r.Params != nil {
		m["params"] = r.Params
	}
	return m
}

// DecodeRequest reads a request; its parameters are not looked at.
func DecodeRequest(v any) (Request, error) {
	var err error
	f := open("request", v, &err)
	r := Request{ID: int(f.integer("id", 1, maxSafeInt)), Method: f.must("method", maxName)}
	if f.has("params") {
		r.Params = f.object("params").m
	}
	if err != nil {
		return Request{ID: r.ID}, err
	}
	return r, nil
}
