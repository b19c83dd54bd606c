package onnx

import "strconv"

// findExternal finds the data of a tensor that lies in another file; see
// https://github.com/onnx/onnx/blob/main/docs/ExternalData.md.
func (d *decoder) findExternal(p *tensorFields, n int) error {
	location, offset, length := "", int64(0), int64(-1)
	var forms []string
	for _, e := range p.external {
		var err error
		switch e.Key {
		case "location":
			location = e.Value
		case "offset":
			offset, err = strconv.ParseInt(e.Value, 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.Value, 10, 64)
		case formKey:
			forms = append(forms, e.Value)
		}
		if err != nil || offset < 0 {
			return fail(Malformed, "external data has %s %q", e.Key, e.Value)
		}
	}
	if d.opt.External == nil {
		return fail(Unsupported, "the data is in another file, %q: put it into the model", location)
	}
	if forms != nil {
		return d.findForms(p, location, forms)
	}
	want := (int64(n)*int64(p.dtype.Bits()) + 7) / 8
	if length < 0 {
		length = want
	}
	if length != want {
		return fail(Malformed, "external data of %d bytes instead of %d", length, want)
	}
	src, err := d.opt.External(location)
	if err != nil {
		return unread(strconv.Quote(location), err)
	}
	if offset > src.Size() || length > src.Size()-offset {
		return fail(Malformed, "external data goes beyond the end of %q", location)
	}
	p.left, p.hasRaw, p.raw = span{src, offset, length}, true, nil
	return nil
}
