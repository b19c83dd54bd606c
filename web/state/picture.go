package state

// Source says how a picture came to the page.
type Source string

// The ways in which a picture comes.
const (
	FromFile   Source = "file"
	FromDrop   Source = "drop"
	FromPaste  Source = "paste"
	FromCamera Source = "camera"
	FromDemo   Source = "demo"
)

// Picture is a picture to classify.
type Picture struct {
	Source Source
	Name   string // the file's name, or what a demo shows; may be empty
	URL    string // where the browser can show it from
	Data   any    // what Model.Predict takes; nil: fetch it from URL first

	hidden bool // the browser cannot show it
}

// PictureView is the picture as it is shown.
type PictureView struct {
	URL     string // empty: the browser cannot show it
	Alt     string // says what the picture is to people who cannot see it
	Caption string
}

// captions by source; %s of a named picture is appended.
var captions = map[Source]string{
	FromFile:   "Your photo",
	FromDrop:   "Dropped photo",
	FromPaste:  "Pasted photo",
	FromCamera: "Camera photo",
	FromDemo:   "Demo photo",
}

func (p Picture) view() *PictureView {
	kind, ok := captions[p.Source]
	if !ok {
		kind = "Photo"
	}
	v := &PictureView{URL: p.URL, Alt: kind, Caption: kind}
	if p.hidden {
		v.URL = ""
	}
	// A demo's name is the answer: it is said in the alternative text only, so
	// that the caption does not look like a diagnosis.
	if p.Name != "" {
		v.Alt += ": " + shorten(p.Name, maxName)
		if p.Source != FromDemo {
			v.Caption += ": " + shorten(p.Name, maxName)
		}
	}
	return v
}

// maxName is how much of a file's name is shown. Longer names, such as those of
// photos sent through messengers, would push the layout apart.
const maxName = 40

// shorten cuts a name in the middle: its end, with the file's extension, tells
// names apart.
func shorten(s string, max int) string {
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	tail := max / 3
	return string(r[:max-tail-1]) + "…" + string(r[len(r)-tail:])
}
