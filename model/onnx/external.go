package onnx

import "strconv"

// readExternal fetches the data of a tensor that lies in another file; see
// https://github.com/onnx/onnx/blob/main/docs/ExternalData.md.
func (d *decoder) readExternal(p *tensorFields, n int) error {
	location, offset, length := "", int64(0), int64(-1)
	for _, e := range p.external {
		var err error
		switch e.Key {
		case "location":
			location = e.Value
		case "offset":
			offset, err = strconv.ParseInt(e.Value, 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.Value, 10, 64)
		}
		if err != nil || offset < 0 {
			return fail(Malformed, "external data has %s %q", e.Key, e.Value)
		}
	}
	if d.opt.External == nil {
		return fail(Unsupported, "the data is in another file, %q: put it into the model", location)
	}
	want := (int64(n)*int64(p.dtype.Bits()) + 7) / 8
	if length < 0 {
		length = want
	}
	if length != want {
		return fail(Malformed, "external data of %d bytes instead of %d", length, want)
	}
	b, err := d.opt.External(location, offset, length)
	if err != nil {
		return fail(Malformed, "external data %q: %v", location, err)
	}
	p.raw, p.hasRaw = b, true
	return nil
}
