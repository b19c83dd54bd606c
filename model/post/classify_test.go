package post

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"larder/model/tensor"
)

func labels(ids ...string) []Label {
	var l []Label
	for _, id := range ids {
		l = append(l, Label{id, strings.ToUpper(id)})
	}
	return l
}

func TestClassify(t *testing.T) {
	abc := labels("a", "b", "c")
	tests := []struct {
		name    string
		scores  *tensor.Tensor
		spec    ClassifierSpec
		order   string
		p       []float64 // in that order
		unknown bool
	}{
		{"softmax", tensor.Vector[float32](0, 1, 2), ClassifierSpec{Labels: abc}, "cba", []float64{0.66524096, 0.24472847, 0.09003057}, false},
		{"temperature 0.5", tensor.Vector[float32](0, 1, 2), ClassifierSpec{Labels: abc, Temperature: 0.5}, "cba", []float64{0.86681333, 0.11731043, 0.01587624}, false},
		{"equal ones keep their order", tensor.Vector[float32](1, 2, 2), ClassifierSpec{Labels: abc}, "bca", []float64{0.42231880, 0.42231880, 0.15536240}, false},
		{"below the threshold", tensor.Vector[float32](0, 1, 2), ClassifierSpec{Labels: abc, UnknownThreshold: 0.67}, "cba", nil, true},
		{"at the threshold", tensor.Vector[float32](1, 1), ClassifierSpec{Labels: labels("a", "b"), UnknownThreshold: 0.5}, "ab", nil, false},
		{"batch of one", tensor.Must(tensor.Of([]float32{3, 0}, 1, 2)), ClassifierSpec{Labels: labels("a", "b")}, "ab", []float64{0.95257413, 0.04742587}, false},
		{"large scores", tensor.Vector(1e300, -1e300, 0), ClassifierSpec{Labels: abc}, "abc", []float64{1, 0, 0}, false},
		{"tiny temperature", tensor.Vector(1e300, -1e300, 0), ClassifierSpec{Labels: abc, Temperature: 1e-300}, "abc", []float64{1, 0, 0}, false},
		{"tiny temperature, sigmoid", tensor.Vector(1e300, -1e300, 0), ClassifierSpec{Labels: abc, Temperature: 1e-300, Activation: Sigmoid}, "acb", []float64{1, 0.5, 0}, false},
		{"float16", tensor.Vector(tensor.ToHalf(0), tensor.ToHalf(1)), ClassifierSpec{Labels: labels("a", "b")}, "ba", []float64{0.73105858, 0.26894142}, false},
		{"bfloat16", tensor.Vector(tensor.ToBrain(1), tensor.ToBrain(0)), ClassifierSpec{Labels: labels("a", "b")}, "ab", []float64{0.73105858, 0.26894142}, false},
		{"sigmoid", tensor.Vector[float32](0, 1, -1000), ClassifierSpec{Labels: abc, Activation: Sigmoid}, "bac", []float64{0.73105858, 0.5, 0}, false},
		{"one sigmoid for two", tensor.Vector[float32](1), ClassifierSpec{Labels: labels("no", "yes"), Activation: Sigmoid}, "yesno", []float64{0.73105858, 0.26894142}, false},
		{"probabilities", tensor.Vector[float32](0.25, 0.75), ClassifierSpec{Labels: labels("a", "b"), Activation: None, Temperature: 1}, "ba", []float64{0.75, 0.25}, false},
		{"probabilities, rounded", tensor.Vector[float32](-1e-7, 1.000001), ClassifierSpec{Labels: labels("a", "b"), Activation: None}, "ba", []float64{1, 0}, false},
		{"one label", tensor.Vector[float32](-7), ClassifierSpec{Labels: labels("a")}, "a", []float64{1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Classify(tt.scores, &tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			order := ""
			for i, c := range got.Classes {
				order += c.Label
				if c.Display != strings.ToUpper(c.Label) {
					t.Errorf("display of %q is %q", c.Label, c.Display)
				}
				if tt.p != nil && !(math.Abs(c.Probability-tt.p[i]) <= 1e-8) {
					t.Errorf("class %d: %v, want %v", i, c.Probability, tt.p[i])
				}
			}
			if order != tt.order || !strings.HasPrefix(order, got.Label) || got.Unknown != tt.unknown {
				t.Errorf("order %q, label %q, unknown %v", order, got.Label, got.Unknown)
			}
		})
	}
}

func TestClassifyRefuses(t *testing.T) {
	two := tensor.Vector[float32](1, 2)
	tests := []struct {
		name   string
		scores *tensor.Tensor
		spec   *ClassifierSpec
		want   string
	}{
		{"no spec", two, nil, "no labels"},
		{"no labels", two, &ClassifierSpec{}, "no labels"},
		{"no scores", nil, &ClassifierSpec{Labels: labels("a")}, "no scores"},
		{"too many scores", two, &ClassifierSpec{Labels: labels("a")}, "2 scores ([2]) for 1 labels"},
		{"too few scores", two, &ClassifierSpec{Labels: labels("a", "b", "c")}, "2 scores"},
		{"one softmax score for two", tensor.Vector[float32](1), &ClassifierSpec{Labels: labels("a", "b")}, "1 scores"},
		{"nan", tensor.Vector(float32(math.NaN()), 1), &ClassifierSpec{Labels: labels("a", "b")}, "score 0 is NaN"},
		{"inf", tensor.Vector(1, math.Inf(1)), &ClassifierSpec{Labels: labels("a", "b")}, "score 1 is +Inf"},
		{"minus inf", tensor.Vector(1, math.Inf(-1)), &ClassifierSpec{Labels: labels("a", "b")}, "score 1 is -Inf"},
		{"integers", tensor.Vector[int64](1, 2), &ClassifierSpec{Labels: labels("a", "b")}, "floating-point"},
		{"texts", tensor.Vector("a", "b"), &ClassifierSpec{Labels: labels("a", "b")}, "floating-point"},
		{"activation", two, &ClassifierSpec{Labels: labels("a", "b"), Activation: "tanh"}, "activation"},
		{"temperature", two, &ClassifierSpec{Labels: labels("a", "b"), Temperature: -1}, "temperature"},
		{"temperature nan", two, &ClassifierSpec{Labels: labels("a", "b"), Temperature: math.NaN()}, "temperature"},
		{"temperature inf", two, &ClassifierSpec{Labels: labels("a", "b"), Temperature: math.Inf(1)}, "temperature"},
		{"threshold", two, &ClassifierSpec{Labels: labels("a", "b"), UnknownThreshold: 1.1}, "threshold"},
		{"threshold nan", two, &ClassifierSpec{Labels: labels("a", "b"), UnknownThreshold: math.NaN()}, "threshold"},
		{"logits as probabilities", two, &ClassifierSpec{Labels: labels("a", "b"), Activation: None}, "no probability"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Classify(tt.scores, tt.spec)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// The scores belong to the caller.
func TestClassifyLeavesScoresAlone(t *testing.T) {
	scores := tensor.Vector(1.0, 2.0)
	if _, err := Classify(scores, &ClassifierSpec{Labels: labels("a", "b"), Temperature: 3}); err != nil {
		t.Fatal(err)
	}
	if v := tensor.Data[float64](scores); v[0] != 1 || v[1] != 2 {
		t.Errorf("scores are now %v", v)
	}
}

// FuzzClassify checks what must hold for any scores: probabilities in 0..1,
// sorted, adding up to 1, unmoved by a shift of all scores.
func FuzzClassify(f *testing.F) {
	f.Add([]byte("\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40"), 0.5)
	f.Add([]byte("\xff\xff\x7f\x7f\xff\xff\x7f\xff\x00\x00\xc0\x7f"), 1e-9)
	f.Fuzz(func(t *testing.T, b []byte, temperature float64) {
		var scores, shifted []float64
		var names []string
		for ; len(b) >= 4; b = b[4:] {
			v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
			scores = append(scores, v)
			shifted = append(shifted, v+1)
			names = append(names, string(rune('a'+len(names))))
		}
		spec := &ClassifierSpec{Labels: labels(names...), Temperature: temperature}
		got, err := Classify(tensor.Vector(scores...), spec)
		if err != nil {
			return
		}
		sum, last := 0.0, 1.0
		for _, c := range got.Classes {
			if !(c.Probability >= 0 && c.Probability <= last) {
				t.Fatalf("%v", got.Classes)
			}
			sum += c.Probability
			last = c.Probability
		}
		if !(math.Abs(sum-1) <= 1e-9) {
			t.Fatalf("sum is %v", sum)
		}
		// The shift itself rounds scores beyond 2^20 or so.
		for _, v := range scores {
			if math.Abs(v) > 1e4 || math.Abs(temperature) < 1e-2 {
				return
			}
		}
		again, err := Classify(tensor.Vector(shifted...), spec)
		if err != nil {
			t.Fatal(err)
		}
		for i := range again.Classes {
			if !(math.Abs(again.Classes[i].Probability-got.Classes[i].Probability) <= 1e-9) {
				t.Fatalf("%v, shifted %v", got.Classes, again.Classes)
			}
		}
	})
}
