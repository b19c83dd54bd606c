package slim

// main writes the first module: as before, with stubs for what was taken out, and
// two functions at the end that bring it back.
func (c *cutter) main() ([]byte, error) {
	imports := c.imports + 1
	resolve := imports + len(c.types)
	bodies := make([][]byte, 0, len(c.bodies)+1)
	for i, body := range c.bodies {
		if c.cold[i] {
			bodies = append(bodies, stub(i, resolve))
			continue
		}
		body, err := rewriteCalls(body, c.callBehindImport)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	loaded := c.globals
	bodies = append(bodies, resolver(c.imports, loaded))

	typeMore, typeResolve := c.typeCount, c.typeCount+1
	out := []section{}
	for _, s := range c.sections {
		switch s.id {
		case typeSection:
			s.body = appendEntries(s.body, []byte{0x60, 0, 0}, []byte{0x60, 2, typeI32, typeI32, 1, typeI32})
		case importSection:
			s.body = appendEntries(s.body, appendUint(append(appendName(appendName(nil, ImportModule), ImportMore), kindFunction), uint64(typeMore)))
		case functionSection:
			s.body = appendEntries(s.body, appendUint(nil, uint64(typeResolve)))
		case globalSection:
			s.body = appendEntries(s.body, []byte{typeI32, 1, opI32Const, 0, opEnd})
		case exportSection:
			s.body = c.encodeExports(c.links())
		case elementSection:
			s.body = c.encodeElements()
		case codeSection:
			s.body = encodeBodies(bodies)
		}
		out = append(out, s)
	}
	return join(out), nil
}

// stub passes its argument and its place on:
//
//	(func (param i32) (result i32) local.get 0  i32.const PLACE  call $resolve)
func stub(own, resolve int) []byte {
	body := appendInt([]byte{0, opLocalGet, 0, opI32Const}, place(own))
	return append(appendCall(body, resolve), opEnd)
}

// resolver calls what stands in the table, once the second module is there:
//
//	(func $resolve (param i32 i32) (result i32)
//	  global.get $loaded  i32.eqz  if  call $more  i32.const 1  global.set $loaded  end
//	  local.get 0  local.get 1  call_indirect (type 0))
func resolver(more, loaded int) []byte {
	body := append(appendUint([]byte{0, opGlobalGet}, uint64(loaded)), opI32Eqz, opIf, emptyBlock)
	body = append(appendCall(body, more), opI32Const, 1)
	body = append(appendUint(append(body, opGlobalSet), uint64(loaded)), opEnd)
	return append(body, opLocalGet, 0, opLocalGet, 1, opCallIndirect, goType, 0, opEnd)
}
