package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"larder/model/pack"
)

// training is what is known about a model from the file of its labels.
type training struct {
	labels      []pack.Label
	temperature float64  // 1 if not given
	threshold   float64  // 0 if not given
	cosine      *float64 // threshold of the ood file for this model file, if given
	scale       *float64 // x = v*scale + offset, if given
	offset      float64
	features    []string
	columns     []string
	unit        string
}

// trainingFile is the JSON object that training wrote.
type trainingFile struct {
	Classes     []string `json:"classes"`
	Display     []string `json:"display"`
	Temperature *float64 `json:"temperature"`
	Threshold   *float64 `json:"unknown_threshold"`
	Input       struct {
		Scale  *float64 `json:"scale"`
		Offset float64  `json:"offset"`
	} `json:"input"`
	Files map[string]struct {
		Temperature *float64 `json:"temperature"`
		Threshold   *float64 `json:"unknown_threshold"`
		Cosine      *float64 `json:"cosine_threshold"`
	} `json:"files"`
	FeatureNames  []string `json:"feature_names"`
	OutputColumns []string `json:"output_columns"`
	Unit          string   `json:"unit"`
}

// readTraining reads the file of the labels in any of its three forms. Values
// that it gives for modelFile win over those for all files.
func readTraining(name, modelFile string) (*training, error) {
	t := &training{temperature: 1}
	if name == "" {
		return t, nil
	}
	data, err := readFile(name, pack.MaxDocument)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: is not a text file in UTF-8", name)
	}
	switch trimmed := bytes.TrimSpace(data); {
	case bytes.HasPrefix(trimmed, []byte("{")):
		err = t.fromObject(trimmed, modelFile)
	case bytes.HasPrefix(trimmed, []byte("[")):
		var names []string
		err = json.Unmarshal(trimmed, &names)
		t.setLabels(names, nil)
	default:
		t.setLabels(strings.FieldsFunc(string(trimmed), func(r rune) bool { return r == '\n' || r == '\r' }), nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func (t *training) fromObject(data []byte, modelFile string) error {
	var f trainingFile
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	if len(f.Display) > 0 && len(f.Display) != len(f.Classes) {
		return fmt.Errorf("display has %d names, classes %d", len(f.Display), len(f.Classes))
	}
	t.setLabels(f.Classes, f.Display)
	t.features, t.columns, t.unit = f.FeatureNames, f.OutputColumns, f.Unit
	t.scale, t.offset = f.Input.Scale, f.Input.Offset
	one := f.Files[modelFile]
	for _, v := range []*float64{f.Temperature, one.Temperature} {
		if v != nil {
			t.temperature = *v
		}
	}
	for _, v := range []*float64{f.Threshold, one.Threshold} {
		if v != nil {
			t.threshold = *v
		}
	}
	t.cosine = one.Cosine
	return nil
}

// setLabels takes the names of the classes. Lists of names have some twice (the bird and
// the machine "crane" of ImageNet); an answer tells such classes apart by their number,
// from 0, which the id of all but the first ends with.
func (t *training) setLabels(ids, display []string) {
	taken := map[string]bool{}
	for i, id := range ids {
		l := pack.Label{ID: strings.TrimSpace(id), Display: strings.TrimSpace(id)}
		if len(display) > 0 {
			l.Display = display[i]
		}
		if taken[l.ID] && l.ID != "" {
			l.ID = fmt.Sprintf("%s-%d", l.ID, i)
		}
		taken[l.ID] = true
		t.labels = append(t.labels, l)
	}
}

// normalize returns the normalisation that scale and offset stand for. The
// divisor is rounded to 12 digits, because 1/scale of a scale that was written
// as 1/127.5 should be 127.5.
func (t *training) normalize(channels int) (pack.Normalize, bool) {
	if t.scale == nil || *t.scale <= 0 {
		return pack.Normalize{}, false
	}
	divisor, err := strconv.ParseFloat(strconv.FormatFloat(1 / *t.scale, 'g', 12, 64), 64)
	if err != nil || math.IsInf(divisor, 0) {
		return pack.Normalize{}, false
	}
	return pack.Normalize{Divisor: divisor, Mean: repeat(0-t.offset, channels), Std: repeat(1, channels)}, true
}

// adjustOOD puts the threshold that was chosen for this very model file into
// the ood file, which training writes once for several files.
func (t *training) adjustOOD(data []byte) ([]byte, error) {
	var f struct {
		Rule      string          `json:"rule"`
		Threshold float64         `json:"threshold"`
		Centroids json.RawMessage `json:"centroids_unit_norm"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	if t.cosine == nil || *t.cosine == f.Threshold {
		return data, nil
	}
	f.Threshold = *t.cosine
	return json.Marshal(f)
}

func repeat(v float64, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = v
	}
	return list
}
