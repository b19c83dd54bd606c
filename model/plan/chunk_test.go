package plan

import (
	"testing"

	"larder/model/kernel"
)

func TestChunks(t *testing.T) {
	gemm := func(rows, k, n uint32) call {
		return call{kernel.GEMM, kernel.GEMMArgs{Rows: rows, K: k, Vecs: n / Lanes}}
	}
	tests := []struct {
		name    string
		call    call
		threads int
		want    int
	}{
		{"one thread", gemm(3136, 64, 64), 1, 0},
		{"too small to share", gemm(1, 32, 8), 2, 1},
		{"many rows", gemm(3136, 64, 64), 2, 8},
		{"many rows, three threads", gemm(3136, 64, 64), 3, 12},
		{"as many as the work is worth", gemm(784, 32, 96), 2, 2},
		{"few rows are cut by panels", gemm(49, 320, 1280), 2, 8},
		{"few rows of a gathered convolution", call{kernel.Conv, kernel.ConvArgs{GEMMArgs: kernel.GEMMArgs{Rows: 49, K: 4608, Vecs: 128}}}, 2, 2},
		{"blocks of Winograd's tiles", call{kernel.Winograd, kernel.WinogradArgs{Images: 1, OutH: 56, OutW: 56, TileBlock: 20}}, 2, 10},
		{"a small pool", call{kernel.MeanRows, kernel.RowsArgs{Images: 1, Rows: 49, Vecs: 80}}, 2, 2},
		{"a tiny pool", call{kernel.MeanRows, kernel.RowsArgs{Images: 1, Rows: 49, Vecs: 8}}, 2, 1},
		{"a factor for each channel", call{kernel.Sigmoid, kernel.UnaryArgs{Rows: 1, Vecs: 288}}, 2, 1},
		{"a whole picture", call{kernel.SiLU, kernel.UnaryArgs{Rows: 1, Vecs: 100352}}, 2, 8},
		{"sizes beyond 32 bits", call{kernel.Add, kernel.BinaryArgs{Outer: 1 << 16, Rows: 1 << 16, Vecs: 1}}, 2, 8},
		{"what has no rule", call{kernel.Transpose, kernel.TransposeArgs{}}, 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := chunks(tt.call, tt.threads); got != tt.want {
				t.Errorf("%d chunks, want %d", got, tt.want)
			}
		})
	}
}
