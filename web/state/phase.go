package state

// Phase is where the page is.
type Phase string

// The phases, in the order in which a visit goes through them.
const (
	Booting    Phase = "booting"    // Larder's worker starts
	Opened     Phase = "opened"     // Larder runs, and no page has needed a model yet
	Loading    Phase = "loading"    // the model is fetched, checked, prepared
	Ready      Phase = "ready"      // a picture can be given
	Predicting Phase = "predicting" // a picture is being classified
	Answered   Phase = "answered"   // the classes are on show
	Failed     Phase = "failed"     // a problem is on show
)

// step is the part of the work that a problem belongs to. Retry repeats it.
type step int

const (
	stepOpen step = iota
	stepLoad
	stepPicture // fetching a demo picture
	stepPredict
)

// Theme is the colour theme that a person chose.
type Theme string

// The themes. ThemeAuto follows the system.
const (
	ThemeAuto  Theme = "auto"
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// ParseTheme reads a remembered theme; anything unknown is ThemeAuto.
func ParseTheme(s string) Theme {
	switch t := Theme(s); t {
	case ThemeLight, ThemeDark:
		return t
	default:
		return ThemeAuto
	}
}
