package message

// Computed is the result of [MethodRun].
type Computed struct {
	Outputs map[string]Tensor
	Profile *Profile // nil unless it was asked for
}

// Encode returns the result as a message tree.
func (c Computed) Encode() map[string]any {
	return map[string]any{"outputs": EncodeTensors(c.Outputs), "profile": encodeOptional(c.Profile)}
}

// DecodeComputed reads the result of [MethodRun].
func DecodeComputed(v any) (Computed, error) {
	var err error
	f := open("computed", v, &err)
	if err != nil {
		return Computed{}, err
	}
	c := Computed{Profile: f.optionalProfile()}
	if err == nil {
		c.Outputs, err = DecodeTensors(f.m["outputs"])
	}
	return c, err
}
