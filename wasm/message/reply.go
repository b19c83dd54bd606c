package message

// Reply answers one request: with a result, or with an error.
type Reply struct {
	ID     int
	Result any    // a message tree, when Err is nil
	Err    *Error // why there is no result
}

// Encode returns the reply as a message tree.
func (r Reply) Encode() map[string]any {
	if r.Err != nil {
		return map[string]any{"id": r.ID, "ok": false, "error": r.Err.Encode()}
	}
	return map[string]any{"id": r.ID, "ok": true, "result": r.Result}
}

// DecodeReply reads a reply; its result is not looked at.
func DecodeReply(v any) (Reply, error) {
	var err error
	f := open("reply", v, &err)
	r := Reply{ID: int(f.integer("id", 1, maxSafeInt))}
	ok := f.flag("ok")
	if err != nil {
		return Reply{}, err
	}
	if ok {
		r.Result = f.m["result"]
		return r, nil
	}
	r.Err, err = DecodeError(f.m["error"])
	return r, err
}
