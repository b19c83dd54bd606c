package plan

import (
	"fmt"

	"larder/model/kernel"
)

// Where Winograd's filtering pays, measured against the gathered product: with
// fewer channels the transforms outweigh the multiplications that are saved, and
// on smaller pictures too much of the tiles lies over the edge. The transformed
// weights are four times as large, so that there is a limit to the other side.
const (
	minWinogradChannels = 16
	minWinogradPixels   = 12 * 12
	maxWinogradWeights  = 128 * 128
)

// winogradBlockBytes is what the transformed tiles of a block, input and output,
// may take: about the second-level cache of a core.
const winogradBlockBytes = 448 << 10

// minimal reports whether the convolution is lowered to Winograd's filtering.
func (c *conv) minimal() bool {
	plain := func(a axis) bool { return a.kernel == 3 && a.stride == 1 && a.dilation == 1 }
	return c.group == 1 && plain(c.h) && plain(c.w) && min(c.channels, c.out) >= minWinogradChannels &&
		c.h.out*c.w.out >= minWinogradPixels && c.channels*c.out <= maxWinogradWeights
}

// winograd lowers a 3x3 convolution by F(4x4, 3x3).
func (c *conv) winograd(b *builder) {
	x := b.in(c.n.Inputs[0], Picture)
	residual := c.residual(b)
	w := b.weight(c.n.Inputs[1], filters{c.channels, c.out})
	bias := b.bias(input(c.n, 2), c.out)
	out := b.out(c.n.Outputs[0], Picture)
	low, high := clamp(c.n)
	inPixel, outPixel := lanesUp(c.channels)*floatBytes, lanesUp(c.out)*floatBytes
	block := c.winogradBlock(inPixel+outPixel, b.threads)
	scratchBytes := kernel.WinogradScratch(block, inPixel, outPixel)
	scratch := b.needScratch(scratchBytes)
	b.kernel(c.flops(), func() call {
		a := kernel.WinogradArgs{Input: x.at(), Output: out.at(), Weights: w.at(), Bias: bias.at(), Images: uint32(c.images),
			InH: uint32(c.h.in), InW: uint32(c.w.in), OutH: uint32(c.h.out), OutW: uint32(c.w.out), InPixel: uint32(inPixel), OutPixel: uint32(outPixel),
			PadTop: uint32(c.h.pad), PadLeft: uint32(c.w.pad), TileBlock: uint32(block), KBlock: uint32(lanesUp(c.channels)),
			Scratch: scratch(), ScratchBytes: uint32(scratchBytes), Low: low, High: high}
		if residual != nil {
			a.Residual = residual.at()
		}
		return call{kernel.Winograd, a}
	}, x, residual, out)
}

// winogradBlock returns the tiles in a block: blocks are about alike, and every
// thread has as many.
func (c *conv) winogradBlock(bytes, threads int) int {
	most := max(1, winogradBlockBytes/(kernel.WinogradPlaces*bytes))
	tiles := int(winogradTiles(uint32(c.images), uint32(c.h.out), uint32(c.w.out)))
	blocks := (tiles + most - 1) / most
	blocks = (blocks + threads - 1) / threads * threads
	return (tiles + blocks - 1) / blocks
}

// winogradTiles is the number of tiles of all images.
func winogradTiles(images, h, w uint32) uint32 { return images * ((h + 3) / 4) * ((w + 3) / 4) }

// filters is the weights of a 3x3 convolution [out][in][3][3] transformed for
// Winograd's filtering.
type filters struct{ in, out int }

func (f filters) floats() int {
	return kernel.WinogradPlaces * kernel.PackedBytes(lanesUp(f.in), f.out) / floatBytes
}

// pack transforms the windows of a panel at a time; of each place a part.
func (f filters) pack(m *packer) error {
	const window = 9
	k := lanesUp(f.in)
	place := kernel.PackedBytes(k, f.out) / floatBytes
	for j := 0; j < f.out; j += panelCols {
		n := min(panelCols, f.out-j)
		from, err := m.read(j*f.in*window, n*f.in*window)
		if err != nil {
			return err
		}
		packed := m.blank(kernel.WinogradFloats(n, f.in))
		kernel.PackWinograd(packed, from, n, f.in)
		for i := range kernel.WinogradPlaces {
			if err := m.to(i*place+j*k, packed[i*panelCols*k:][:panelCols*k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f filters) String() string { return fmt.Sprintf("filters%v", [...]int{f.in, f.out}) }
