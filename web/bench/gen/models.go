package main

// classes is how many classes every net tells apart.
const classes = 1000

// models lists the nets of the benchmark.
var models = []struct {
	name, title string
	build       func(*net)
}{
	{"squeezenet1_1", "SqueezeNet 1.1", squeezeNet},
	{"mobilenetv2", "MobileNetV2", mobileNetV2},
	{"efficientnet_b0", "EfficientNet-B0", efficientNetB0},
	{"resnet18", "ResNet-18", func(n *net) { resNet(n, [4]int{2, 2, 2, 2}, 1) }},
	{"resnet50", "ResNet-50", func(n *net) { resNet(n, [4]int{3, 4, 6, 3}, 4) }},
}

// The windows that occur everywhere.
var (
	point = window{1, 1, 0}
	three = window{3, 1, 1}
)

// same returns a window that keeps the size of a picture, divided by the stride.
func same(k, stride int) window { return window{k, stride, k / 2} }

// head averages over the picture and classifies.
func head(n *net, x *value) {
	n.dense(n.flatten(n.average(x)), classes)
	n.finish()
}

// squeezeNet is version 1.1 of https://arxiv.org/abs/1602.07360.
func squeezeNet(n *net) {
	pool := window{3, 2, 0}
	fire := func(x *value, squeeze, expand int) *value {
		s := n.conv(x, squeeze, point, "relu", 2)
		return n.concat(n.conv(s, expand, point, "relu", 2), n.conv(s, expand, three, "relu", 2))
	}
	x := n.conv(n.input, 64, window{3, 2, 0}, "relu", 2)
	x = n.maxPool(x, pool)
	x = fire(fire(x, 16, 64), 16, 64)
	x = n.maxPool(x, pool)
	x = fire(fire(x, 32, 128), 32, 128)
	x = n.maxPool(x, pool)
	x = fire(fire(x, 48, 192), 48, 192)
	x = fire(fire(x, 64, 256), 64, 256)
	x = n.conv(x, classes, point, "relu", 2)
	n.flatten(n.average(x))
	n.finish()
}

// stage is a row of the tables in the papers of MobileNetV2 and EfficientNet.
type stage struct{ expand, channels, repeat, stride, k int }

// mobileNetV2 is https://arxiv.org/abs/1801.04381, table 2.
func mobileNetV2(n *net) {
	x := n.conv(n.input, 32, same(3, 2), "relu6", 2)
	for _, s := range []stage{
		{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 32, 3, 2, 3}, {6, 64, 4, 2, 3},
		{6, 96, 3, 1, 3}, {6, 160, 3, 2, 3}, {6, 320, 1, 1, 3},
	} {
		for i := range s.repeat {
			y := x
			if s.expand != 1 {
				y = n.conv(y, x.c*s.expand, point, "relu6", 2)
			}
			y = n.depthwise(y, same(s.k, first(i, s.stride)), "relu6")
			y = n.conv(y, s.channels, point, "", 1)
			x = residual(n, x, y)
		}
	}
	head(n, n.conv(x, 1280, point, "relu6", 2))
}

// efficientNetB0 is https://arxiv.org/abs/1905.11946, table 1.
func efficientNetB0(n *net) {
	swish := func(x *value, out int, w window) *value { return n.swish(n.conv(x, out, w, "", 2)) }
	x := swish(n.input, 32, same(3, 2))
	for _, s := range []stage{
		{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 40, 2, 2, 5}, {6, 80, 3, 2, 3},
		{6, 112, 3, 1, 5}, {6, 192, 4, 2, 5}, {6, 320, 1, 1, 3},
	} {
		for i := range s.repeat {
			y := x
			if s.expand != 1 {
				y = swish(y, x.c*s.expand, point)
			}
			y = n.swish(n.depthwise(y, same(s.k, first(i, s.stride)), ""))
			// Squeeze and excite: a factor for each channel.
			factor := swish(n.average(y), x.c/4, point)
			y = n.mul(y, n.sigmoid(n.conv(factor, y.c, point, "", 1)))
			y = n.conv(y, s.channels, point, "", 4)
			x = residual(n, x, y)
		}
	}
	head(n, swish(x, 1280, point))
}

// first returns the stride of the i-th block of a stage: only the first moves.
func first(i, stride int) int {
	if i == 0 {
		return stride
	}
	return 1
}

// residual adds a block's input to its result if they are of one size.
func residual(n *net, x, y *value) *value {
	if x.c != y.c || x.h != y.h {
		return y
	}
	return n.add(x, y, "")
}

// resNet is https://arxiv.org/abs/1512.03385, with the stride in the 3x3 layers as
// everybody trains it. expand is 1 for the blocks of two layers, 4 for bottlenecks.
func resNet(n *net, blocks [4]int, expand int) {
	x := n.conv(n.input, 64, same(7, 2), "relu", 2)
	x = n.maxPool(x, same(3, 2))
	for i, repeat := range blocks {
		channels := 64 << i
		for j := range repeat {
			stride := 1
			if i > 0 {
				stride = first(j, 2)
			}
			var y *value
			if expand == 1 {
				y = n.conv(x, channels, same(3, stride), "relu", 2)
				y = n.conv(y, channels, three, "", 0.5)
			} else {
				y = n.conv(x, channels, point, "relu", 2)
				y = n.conv(y, channels, same(3, stride), "relu", 2)
				y = n.conv(y, channels*expand, point, "", 0.5)
			}
			shortcut := x
			if x.c != y.c || x.h != y.h {
				shortcut = n.conv(x, y.c, window{1, stride, 0}, "", 0.5)
			}
			x = n.add(y, shortcut, "relu")
		}
	}
	head(n, x)
}
