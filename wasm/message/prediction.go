package message

// Class is one class of a prediction.
type Class struct {
	Label       string  // the class's name in the model
	Display     string  // its name for people
	Probability float64 // calibrated, 0 to 1
}

// Encode returns the class as a message tree.
func (c Class) Encode() map[string]any {
	return map[string]any{"label": c.Label, "display": c.Display, "probability": c.Probability}
}

// Timing splits the time of a prediction; every figure is in milliseconds.
type Timing struct {
	Decode      float64 // picture file to pixels
	Preprocess  float64 // pixels to tensor
	Infer       float64 // tensor to scores
	Postprocess float64 // scores to classes
	Total       float64 // from the request's arrival in the worker to the answer
}

// Encode returns the timing as a message tree.
func (t Timing) Encode() map[string]any {
	return map[string]any{"decode": t.Decode, "preprocess": t.Preprocess, "infer": t.Infer,
		"postprocess": t.Postprocess, "total": t.Total}
}

// Where a prediction comes from.
const (
	SourceModel = "model" // it was computed
	SourceMemo  = "memo"  // the same was asked a little while ago; nothing was computed
)

// Prediction is the result of [MethodPredict].
type Prediction struct {
	Classes []Class // most probable first
	Label   string  // of the most probable class
	Unknown bool    // whether its probability is below the model's threshold
	Source  string  // SourceModel or SourceMemo
	Model   Version
	Timing  Timing
	Profile *Profile // nil unless it was asked for
	Known   string   // what to call a file's content in [Input]; may be empty
}

// Encode returns the prediction as a message tree.
func (p Prediction) Encode() map[string]any {
	return map[string]any{"classes": encodeEach(len(p.Classes), func(i int) map[string]any { return p.Classes[i].Encode() }), "label": p.Label, "unknown": p.Unknown,
		"source": p.Source, "model": p.Model.Encode(), "timing": p.Timing.Encode(), "profile": encodeOptional(p.Profile), "known": orNull(p.Known)}
}

// DecodePrediction reads a prediction.
func DecodePrediction(v any) (Prediction, error) {
	var err error
	f := open("prediction", v, &err)
	p := Prediction{
		Classes: each(f, "classes", maxList, decodeClass),
		Label:   f.text("label", maxText),
		Unknown: f.flag("unknown"),
		Source:  f.text("source", maxName),
		Model:   decodeVersion(f.object("model")),
		Timing:  decodeTiming(f.object("timing")),
		Profile: f.optionalProfile(),
		Known:   f.text("known", maxName),
	}
	return p, err
}

func decodeClass(f fields) Class {
	c := Class{Label: f.must("label", maxText), Display: f.text("display", maxText), Probability: f.number("probability")}
	if c.Probability < 0 || c.Probability > 1 {
		f.fail("probability", "is %v, not from 0 to 1", c.Probability)
	}
	return c
}

func decodeTiming(f fields) Timing {
	return Timing{Decode: f.number("decode"), Preprocess: f.number("preprocess"), Infer: f.number("infer"),
		Postprocess: f.number("postprocess"), Total: f.number("total")}
}
