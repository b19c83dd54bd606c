package pack

import "time"

// Schema is the version of both document formats that this package writes.
const Schema = 1

// Manifest describes one version of a model.
type Manifest struct {
	// Name is the model's name in the registry, such as "leaf"; see [CheckName].
	Name string
	// Version is a semantic version without build metadata, such as "2.0.0".
	Version string
	// Created is when the version was made, in whole seconds of UTC.
	Created time.Time
	// Title is for people; it may be empty.
	Title string
	// Task is what the model does, such as "image-classification".
	Task string
	// Files lists every file of the package except the manifest itself.
	Files []File
	// Model says which of the files is the network.
	Model Model
	// Inputs and Outputs describe the network's inputs and outputs that a caller
	// meets, in the network's own names. At least one each.
	Inputs  []Input
	Outputs []Output
	// Freshness says how long a stored copy may be used unasked.
	Freshness Freshness
	// Licence says under which terms the model may be used.
	Licence Licence
	// Metrics are measured figures, such as testAccuracy, in the order written.
	Metrics []Metric
	// Demos are pictures to try the model with, the best ones first.
	Demos []Demo
	// Signatures vouch for the manifest. Nothing verifies them yet.
	Signatures []Signature
}

// Roles of files. A prediction needs those of role model, weights, labels and
// tokenizer.
const (
	RoleModel   = "model"
	RoleWeights = "weights"
	RoleLabels  = "labels"
	// RoleTokenizer is a tokenizer.json.
	RoleTokenizer = "tokenizer"
	RoleCard      = "card"
	RoleDemo      = "demo"
	RoleLicence   = "licence"
	RoleOOD       = "ood"
)

// File is one file of a package.
type File struct {
	// Path is relative to the manifest; see [CheckPath].
	Path string
	// Role is one of the Role constants, or another word that readers ignore.
	Role   string
	Bytes  int64
	SHA256 Digest
	// Chunks are the contiguous pieces of the file, in order. None for an empty
	// file.
	Chunks []Chunk
}

// Needed reports whether a prediction needs the file.
func (f *File) Needed() bool {
	return f.Role == RoleModel || f.Role == RoleWeights || f.Role == RoleLabels || f.Role == RoleTokenizer
}

// Chunk is one piece of a file, 1 to [MaxChunk] bytes long.
type Chunk struct {
	Bytes  int
	SHA256 Digest
}

// Model names the file that holds the network.
type Model struct {
	// Format is FormatONNX or FormatPlan.
	Format string
	// File is the path of a file of role model.
	File string
}

// The formats of a network. A compiled one is a graph whose weights are in a file of
// role weights beside it, which the graph names.
const (
	FormatONNX = "onnx"
	FormatPlan = "plan"
)

// Dim is one dimension of an input: a size, or a name, or neither (unknown).
type Dim struct {
	// Size is the number of elements, 0 if it is not fixed.
	Size int
	// Name is the symbolic name of a size that is not fixed, such as "N".
	Name string
}

// Input describes one input. It has an Image, Text or Features, or none of them
// when the caller brings a finished tensor. A model of text has an input for each
// part of an encoding; every other model of the format has one input.
type Input struct {
	Name string
	// Type is ONNX's element type in lower case, such as "float32".
	Type string
	Dims []Dim
	// Image says how a picture becomes this input.
	Image *Image
	// Text says which part of an encoded text this input is.
	Text *Text
	// Features name the columns of a tabular input, in order.
	Features []Feature
}

// Feature is one column of a tabular input.
type Feature struct {
	Name string
	// Unit is for people; it may be empty.
	Unit string
}

// Text is a part of an encoded text.
type Text struct {
	// Tokenizer is the path of a file of role tokenizer, in the format of the
	// tokenizers library.
	Tokenizer string
	// Part is one of the Part constants.
	Part string
	// MaxTokens bounds an encoding beyond what the tokenizer does; 0 does not.
	MaxTokens int
}

// Parts of an encoded text.
const (
	// PartIDs are the numbers of the tokens.
	PartIDs = "ids"
	// PartMask is 1 for tokens and 0 for padding.
	PartMask = "mask"
	// PartTypes tell the first of two texts (0) from the second (1).
	PartTypes = "types"
)

// Image is the exact preparation of a picture, in this order: colour, resize,
// crop, normalize, layout. model/pre defines each step.
type Image struct {
	Color  string // "rgb", "bgr" or "gray"
	Layout string // "nchw" or "nhwc"
	Resize Resize
	// Crop cuts the centre out of the resized picture; nil keeps all of it.
	Crop      *Crop
	Normalize Normalize
}

// Resize says how a picture is brought to size.
type Resize struct {
	// Mode is "stretch" (to Width x Height, whatever the aspect), "fit" (the
	// largest that fits into Width x Height, the rest black) or
	// "shortest-side" (the shorter side becomes Size, the aspect is kept).
	Mode          string
	Width, Height int
	Size          int
	// Filter is "nearest", "box", "bilinear", "hamming", "bicubic" or "lanczos".
	Filter string
}

// Crop is the size of the part that stays.
type Crop struct {
	Width, Height int
}

// Normalize turns a byte v of channel c into (v/Divisor - Mean[c]) / Std[c].
type Normalize struct {
	Divisor   float64
	Mean, Std []float64
}

// Activations of an output with labels: what turns scores into probabilities.
const (
	// ActivationSoftmax is for logits of classes that exclude each other.
	ActivationSoftmax = "softmax"
	// ActivationSigmoid is for a logit of its own for each label, or for a single
	// logit with two labels.
	ActivationSigmoid = "sigmoid"
	// ActivationNone is for scores that are probabilities already.
	ActivationNone = "none"
)

// Output describes one output: scores of classes if it has Labels, else a
// plain tensor.
type Output struct {
	Name   string
	Labels []Label
	// Activation is one of the Activation constants; "" without labels.
	Activation string
	// Temperature divides the logits; 1 leaves them alone. 0 without labels.
	Temperature float64
	// UnknownThreshold is the probability below which the best class is not
	// believed, 0 to 1; 0 believes every answer.
	UnknownThreshold float64
	// Columns name the last dimension of a plain tensor; they may be absent.
	Columns []string
	// Unit of a plain tensor's values, for people.
	Unit string
}

// Label is one class.
type Label struct {
	// ID is stable and for programs, Display is for people.
	ID, Display string
}

// Freshness says how old a stored copy may grow. All durations are whole seconds.
type Freshness struct {
	// TTL is how long a copy is used without asking the registry. [None]: the manifest
	// does not say, and readers take 24 hours, or the schedule alone if there is one.
	TTL time.Duration
	// Revalidate is for how long after that a copy is still used at once, while the
	// registry is asked. Zero: the registry is asked first.
	Revalidate time.Duration
	// Grace is for how long after that a copy is used when the registry does not answer.
	// Zero: for ever; [None]: not at all.
	Grace time.Duration
	// Jitter spreads the questions of many readers, in percent of the time between two
	// of them, 0 to 100.
	Jitter int
	// Schedule is when readers ask in any case; nil for none.
	Schedule *Schedule
}

// None is a duration that is not there.
const None time.Duration = -1

// Schedule is a time of the calendar: an expression, or a plain day and time. What it
// may be is said by package schedule of the cache, which reads it; here it is text.
type Schedule struct {
	Cron string // such as "0 7 10 * *"
	// Day is a day of the month; LastDay the last one, 0 every day.
	Day     int
	Weekday string // three letters, such as "MON"
	Time    string // such as "07:00"
	Zone    string // an IANA zone, such as "Europe/Berlin"; "" is UTC
}

// LastDay is the last day of a month.
const LastDay = -1

// Licence names the terms.
type Licence struct {
	// SPDX is a licence expression, such as "Apache-2.0 AND MIT".
	SPDX string
	// Notices are paths of files whose text must stay with the model.
	Notices []string
}

// Metric is one measured figure.
type Metric struct {
	Name  string
	Value float64
}

// Demo is one picture to try the model with.
type Demo struct {
	// File is the path of a file of role demo.
	File string
	// Label is the ID of the true class; "" if the picture shows none of them.
	Label string
}

// Signature vouches for the manifest.
type Signature struct {
	KeyID, Sig string
}

// File returns the file with the given path, or nil.
func (m *Manifest) File(path string) *File {
	for i := range m.Files {
		if m.Files[i].Path == path {
			return &m.Files[i]
		}
	}
	return nil
}

// Metric returns the figure with the given name.
func (m *Manifest) Metric(name string) (float64, bool) {
	for _, x := range m.Metrics {
		if x.Name == name {
			return x.Value, true
		}
	}
	return 0, false
}

// Size returns the bytes of all files, and of those that a prediction needs.
func (m *Manifest) Size() (all, needed int64) {
	for i := range m.Files {
		all += m.Files[i].Bytes
		if m.Files[i].Needed() {
			needed += m.Files[i].Bytes
		}
	}
	return all, needed
}
