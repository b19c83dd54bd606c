package kernel

import "larder/model/kernel/wasm"

// GatherArgs are the arguments of gather-rows, which copies the rows that
// indices name: the words of an embedding.
//
//	for each block, for each i < Count: output[i] = input[index[i]]
//
// Indices are words that whoever wrote them has checked. All other numbers are
// multiples of 4.
type GatherArgs struct {
	Input, InputBlock, InputRow    uint32 // address, bytes from block to block, from row to row
	Output, OutputBlock, OutputRow uint32
	Indices                        uint32 // address
	Blocks, Count                  uint32
	Bytes                          uint32 // of a row
}

// Words implements [Arguments].
func (a GatherArgs) Words() []uint32 { return words(a) }

func emitGatherRows(b *builder) *wasm.Func {
	f := b.m.Func("", wasm.I32, wasm.I32, wasm.I32)
	thread, threads := f.Param(1), f.Param(2)
	var a GatherArgs
	p := frameOf(f.Param(0), &a)
	unit, unitEnd, block, i, in, out, end := f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int(), f.Int()
	unitEnd.Set(p.word(&a.Blocks).Mul(p.word(&a.Count)))
	unit.Set(share(unitEnd, thread.Value(), threads))
	unitEnd.Set(share(unitEnd, thread.Add(wasm.Const(1)), threads))
	f.While(unit.Lt(unitEnd.Value()), func() {
		block.Set(unit.Div(p.word(&a.Count)))
		i.Set(unit.Rem(p.word(&a.Count)))
		in.Set(p.word(&a.Input).Add(block.Mul(p.word(&a.InputBlock))).Add(p.word(&a.Indices).Add(i.Shl(2)).Load(0).Mul(p.word(&a.InputRow))))
		out.Set(p.word(&a.Output).Add(block.Mul(p.word(&a.OutputBlock))).Add(i.Mul(p.word(&a.OutputRow))))
		end.Set(out.Add(p.word(&a.Bytes)))
		copyRun(f, b.copyLong, out, end, in)
		unit.Inc(1)
	})
	return f
}
