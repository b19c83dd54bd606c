package slim

import "slices"

// goFunc is a function of Go's, taken out of the form in which Go's compiler writes
// it:
//
//	global.get $SP  local.set $sp
//	block $exit                        ;; if it calls
//	  loop $again                      ;; if it jumps
//	    block … block
//	      local.get $pc  br_table …    ;; from numbers of places to segments
//	    end
//	    segment 0
//	  end
//	  segment 1 …
//	    i32.const 7  local.set $pc  br $again   ;; a jump to place 7
//	    call $f  … br_if $exit                  ;; a call; place 8 comes after it
//	end  i32.const 1
//
// A jump goes by the table each time. But a jump forward may leave the blocks that
// end where it wants to be; then most places need no entry of the table, and most
// segments no block.
type goFunc struct {
	own      int // its number among the module's own functions
	locals   []byte
	counts   bool      // it keeps the numbers of its calls in localOwn and localHere
	places   []uint32  // the segment of each place
	segments [][]instr // with jumps and unwinding as instructions of our own
}

// segment returns the number of the segment at a place.
func (f *goFunc) segment(place int64) int64 {
	return int64(f.places[max(0, min(place, int64(len(f.places)-1)))])
}

// parseFlow reads a function's body.
func parseFlow(own int, body []byte) (*goFunc, error) {
	locals, code, err := readBody(body)
	if err != nil {
		return nil, err
	}
	if !startsWith(code, reloadSP) {
		return nil, errorf("a function begins otherwise than Go's compiler writes it")
	}
	f := &goFunc{own: own, locals: locals, places: []uint32{0}}
	p := flowParser{f: f, loop: -1, exit: -1}
	if code, err = p.unwrap(code[len(reloadSP):]); err != nil {
		return nil, err
	}
	return f, p.parse(code)
}

// flowParser splits a function's instructions into segments.
type flowParser struct {
	f          *goFunc
	count      int // of segments
	loop, exit int // their depth in the innermost block; -1 if the function has none
}

// unwrap takes away the blocks around the segments, and the table of places.
func (p *flowParser) unwrap(code []instr) ([]instr, error) {
	blocks := slices.IndexFunc(code, func(in instr) bool { return in.op != opBlock && in.op != opLoop })
	hasTable := blocks >= 0 && blocks+2 < len(code) && is(code[blocks], opLocalGet, localPlace) && code[blocks+1].op == opBrTable
	head, tail, outer := 0, 2, 0 // the tail is: unreachable, end
	if hasTable {
		p.f.places = code[blocks+1].table
		p.count = int(slices.Max(p.f.places)) + 1
		head, outer = blocks+3, blocks-p.count
	} else {
		p.count = 1
		if n := len(code); n > 5 && code[0].op == opBlock && code[n-2].op == opI32Const {
			head, outer = 1, 1
		}
	}
	depth := p.count
	if hasTable && slices.ContainsFunc(code[:blocks], func(in instr) bool { return in.op == opLoop }) {
		p.loop = depth
		depth, tail, outer = depth+1, tail+1, outer-1
	}
	if outer == 1 {
		p.exit = depth
		tail, outer = tail+2, 0
	}
	if outer != 0 || len(code) < head+tail || hasTable && code[blocks+2].op != opEnd {
		return nil, errorf("a function's blocks are not as Go's compiler writes them")
	}
	return code[head : len(code)-tail], nil
}

// parse reads the segments.
func (p *flowParser) parse(code []instr) error {
	depth := 0
	segment := []instr{}
	for at := 0; at < len(code); at++ {
		in := code[at]
		switch in.op {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			depth--
			if depth < 0 {
				p.f.segments = append(p.f.segments, segment)
				segment, depth = []instr{}, 0
				continue
			}
		case opBr, opBrIf:
			if in.a < int64(depth) {
				break
			}
			var err error
			if segment, err = p.leave(segment, in, depth); err != nil {
				return err
			}
			continue
		case opBrTable:
			return errorf("a function has a table of branches in its midst")
		}
		segment = append(segment, in)
	}
	p.f.segments = append(p.f.segments, segment)
	if depth != 0 || len(p.f.segments) != p.count {
		return errorf("a function's segments are not as Go's compiler writes them: %d of %d", len(p.f.segments), p.count)
	}
	return nil
}

// leave appends to a segment a branch that leaves it.
func (p *flowParser) leave(segment []instr, in instr, depth int) ([]instr, error) {
	done := len(p.f.segments) + 1 // the blocks that are closed; the one around the table is
	target := int(in.a) - depth + done
	n := len(segment)
	switch {
	case in.op == opBrIf && p.exit >= 0 && target == p.exit:
		return append(segment, instr{op: opUnwind}), nil
	case in.op == opBr && p.loop >= 0 && target == p.loop && n >= 2 && segment[n-2].op == opI32Const && is(segment[n-1], opLocalSet, localPlace):
		to := p.f.segment(segment[n-2].a)
		return append(segment[:n-2], instr{op: opJump, a: to}), nil
	}
	return nil, errorf("a function has a branch of another form than Go's compiler writes")
}

// is reports whether an instruction is op with index a.
func is(in instr, op byte, a int64) bool { return in.op == op && in.a == a }
