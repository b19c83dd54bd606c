package kernel

import (
	"reflect"
	"testing"
	"unsafe"
)

// TestTable checks that every number has an emitter, a name of its own, and
// arguments that are 32-bit words in memory order.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for n, k := range table() {
		name := Number(n).String()
		if name == "" || seen[name] {
			t.Errorf("kernel %d has no name of its own: %q", n, name)
		}
		seen[name] = true
		if k.emit == nil || k.args == nil {
			t.Errorf("kernel %s is not in the table", name)
			continue
		}
		words := 0
		countWords(t, reflect.TypeOf(k.args), &words)
		if got := len(k.args.Words()); got != words {
			t.Errorf("%s: %d words, want %d", name, got, words)
		}
	}
	if got := Number(numbers).String(); got != "unknown" {
		t.Errorf("a number behind the table is called %q", got)
	}
}

func countWords(t *testing.T, typ reflect.Type, words *int) {
	switch typ.Kind() {
	case reflect.Uint32, reflect.Float32:
		*words++
	case reflect.Array:
		for range typ.Len() {
			countWords(t, typ.Elem(), words)
		}
	case reflect.Struct:
		for i := range typ.NumField() {
			countWords(t, typ.Field(i).Type, words)
		}
	default:
		t.Errorf("%v is not a word", typ)
	}
}

// TestPlaces compares the places that emitters have as constants with those of
// the structs.
func TestPlaces(t *testing.T) {
	var g GEMMArgs
	var c ConvArgs
	var d DepthwiseArgs
	tests := []struct {
		name  string
		place int
		want  uintptr
	}{
		{"gemm A", gemmA, unsafe.Offsetof(g.A)}, {"gemm LDA", gemmLDA, unsafe.Offsetof(g.LDA)}, {"gemm W", gemmW, unsafe.Offsetof(g.W)},
		{"gemm C", gemmC, unsafe.Offsetof(g.C)}, {"gemm LDC", gemmLDC, unsafe.Offsetof(g.LDC)}, {"gemm Rows", gemmRows, unsafe.Offsetof(g.Rows)},
		{"gemm K", gemmK, unsafe.Offsetof(g.K)}, {"gemm Vecs", gemmVecs, unsafe.Offsetof(g.Vecs)}, {"gemm Bias", gemmBias, unsafe.Offsetof(g.Bias)},
		{"gemm Residual", gemmResidual, unsafe.Offsetof(g.Residual)}, {"gemm LDR", gemmLDR, unsafe.Offsetof(g.LDR)},
		{"gemm Low", gemmLow, unsafe.Offsetof(g.Low)}, {"gemm High", gemmHigh, unsafe.Offsetof(g.High)},
		{"gemm RowBlock", gemmRowBlock, unsafe.Offsetof(g.RowBlock)}, {"gemm KBlock", gemmKBlock, unsafe.Offsetof(g.KBlock)},
		{"gemm size", 4 * gemmArgs, unsafe.Sizeof(g)},
		{"conv Input", convInput, unsafe.Offsetof(c.Input)}, {"conv Scratch", convScratch, unsafe.Offsetof(c.Scratch)},
		{"conv ScratchBytes", convScratchBytes, unsafe.Offsetof(c.ScratchBytes)}, {"conv InH", convInH, unsafe.Offsetof(c.InH)},
		{"conv InW", convInW, unsafe.Offsetof(c.InW)}, {"conv OutH", convOutH, unsafe.Offsetof(c.OutH)}, {"conv OutW", convOutW, unsafe.Offsetof(c.OutW)},
		{"conv Pixel", convPixel, unsafe.Offsetof(c.Pixel)}, {"conv KernelH", convKernelH, unsafe.Offsetof(c.KernelH)}, {"conv Runs", convRuns, unsafe.Offsetof(c.Runs)},
		{"conv RunPixels", convRunPixels, unsafe.Offsetof(c.RunPixels)}, {"conv StrideH", convStrideH, unsafe.Offsetof(c.StrideH)},
		{"conv StrideW", convStrideW, unsafe.Offsetof(c.StrideW)}, {"conv DilationH", convDilationH, unsafe.Offsetof(c.DilationH)},
		{"conv DilationW", convDilationW, unsafe.Offsetof(c.DilationW)}, {"conv PadTop", convPadTop, unsafe.Offsetof(c.PadTop)},
		{"conv PadLeft", convPadLeft, unsafe.Offsetof(c.PadLeft)}, {"conv PixelStride", convPixelStride, unsafe.Offsetof(c.PixelStride)},
		{"conv size", 4 * convArgs, unsafe.Sizeof(c)},
		{"depthwise Input", dwInput, unsafe.Offsetof(d.Input)}, {"depthwise Weights", dwWeights, unsafe.Offsetof(d.Weights)},
		{"depthwise Bias", dwBias, unsafe.Offsetof(d.Bias)}, {"depthwise Output", dwOutput, unsafe.Offsetof(d.Output)},
		{"depthwise Images", dwImages, unsafe.Offsetof(d.Images)}, {"depthwise InH", dwInH, unsafe.Offsetof(d.InH)}, {"depthwise InW", dwInW, unsafe.Offsetof(d.InW)},
		{"depthwise OutH", dwOutH, unsafe.Offsetof(d.OutH)}, {"depthwise OutW", dwOutW, unsafe.Offsetof(d.OutW)}, {"depthwise Pixel", dwPixel, unsafe.Offsetof(d.Pixel)},
		{"depthwise KernelH", dwKernelH, unsafe.Offsetof(d.KernelH)}, {"depthwise KernelW", dwKernelW, unsafe.Offsetof(d.KernelW)},
		{"depthwise StrideH", dwStrideH, unsafe.Offsetof(d.StrideH)}, {"depthwise StrideW", dwStrideW, unsafe.Offsetof(d.StrideW)},
		{"depthwise DilationH", dwDilationH, unsafe.Offsetof(d.DilationH)}, {"depthwise DilationW", dwDilationW, unsafe.Offsetof(d.DilationW)},
		{"depthwise PadTop", dwPadTop, unsafe.Offsetof(d.PadTop)}, {"depthwise PadLeft", dwPadLeft, unsafe.Offsetof(d.PadLeft)},
		{"depthwise Low", dwLow, unsafe.Offsetof(d.Low)}, {"depthwise High", dwHigh, unsafe.Offsetof(d.High)},
		{"depthwise TileFrom", dwTileFrom, unsafe.Offsetof(d.TileFrom)}, {"depthwise TileTo", dwTileTo, unsafe.Offsetof(d.TileTo)},
		{"depthwise size", 4 * dwArgs, unsafe.Sizeof(d)},
	}
	for _, tt := range tests {
		if uintptr(tt.place) != tt.want {
			t.Errorf("%s is at %d, in the struct at %d", tt.name, tt.place, tt.want)
		}
	}
}
