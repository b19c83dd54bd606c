package state

import "larder/wasm/message"

// Action is what a person can do about a problem on the spot.
type Action string

// The actions. NoAction: another picture or model is the way out.
const (
	NoAction     Action = ""
	ActionRetry  Action = "retry"
	ActionReload Action = "reload"
)

// ProblemView is a problem in plain words.
type ProblemView struct {
	Code   string // one of the codes of package message
	Title  string // what happened
	Advice string // what to do
	Detail string // what Larder reported, for a bug report; may be empty
	Action Action
}

func (a *App) problemView() *ProblemView {
	if a.phase != Failed || a.failure == nil {
		return nil
	}
	return newProblem(a.failure.step, a.failure.err)
}

func newProblem(s step, err *message.Error) *ProblemView {
	p, ok := problemsOf(s)[err.Code]
	if !ok {
		p = defect
	}
	if err.Code != message.CodeAborted {
		p.Detail = err.Message
	}
	p.Code = err.Code
	return &p
}

// problemsOf returns the table of a step.
func problemsOf(s step) map[string]ProblemView {
	switch s {
	case stepOpen:
		return openProblems
	case stepLoad:
		return loadProblems
	case stepPicture:
		return demoProblems
	default:
		return predictProblems
	}
}

// defect is the problem of every code that a table does not name.
var defect = ProblemView{
	Title:  "Something in Larder broke.",
	Advice: "Reload the page. If it happens again, please report the line below.",
	Action: ActionReload,
}

var openProblems = map[string]ProblemView{
	message.CodeOffline: {
		Title:  "Larder could not start without the network.",
		Advice: "Connect once: after that, Larder starts offline too. It tries again by itself when the network is back.",
		Action: ActionRetry,
	},
	message.CodeNotFound: {
		Title:  "A part of Larder is missing on this site.",
		Advice: "Reload the page. If it happens again, the site was not built completely.",
		Action: ActionReload,
	},
}

var loadProblems = map[string]ProblemView{
	message.CodeOffline: {
		Title:  "This model is not on your device yet, and the network is off.",
		Advice: "Connect to the network: the download starts by itself. A model that has been opened once stays and works offline.",
		Action: ActionRetry,
	},
	message.CodeExpired: {
		Title:  "This model is too old to be used without asking for a newer one.",
		Advice: "Connect to the network: Larder asks, and the model works again.",
		Action: ActionRetry,
	},
	message.CodeNotFound: {
		Title:  "This site does not have that model.",
		Advice: "Choose another model or version from the list.",
	},
	message.CodeCorrupt: {
		Title:  "The model is damaged, so Larder did not use it.",
		Advice: "Try again with the network on: only the damaged pieces are downloaded anew. If it happens again, the file on the server is damaged.",
		Action: ActionRetry,
	},
	message.CodeQuota: {
		Title:  "There is no room left for the model.",
		Advice: "Free some space on this device, or let this site use more storage in the browser's settings. Then try again.",
		Action: ActionRetry,
	},
	message.CodeAborted: {
		Title:  "The download was stopped.",
		Advice: "Try again to go on: what has arrived is kept.",
		Action: ActionRetry,
	},
	message.CodeUnsupportedOperator: {
		Title:  "This model needs an operation that Larder does not have.",
		Advice: "Choose another version, or reload the page to get a newer Larder.",
		Action: ActionReload,
	},
	message.CodeInvalidModel: {
		Title:  "This model cannot be read.",
		Advice: "Choose another version. The file or its manifest is malformed, or made by a newer Larder.",
	},
}

var demoProblems = map[string]ProblemView{
	message.CodeOffline: {
		Title:  "This demo photo is not on your device, and the network is off.",
		Advice: "Choose one of your own photos, or connect and try again.",
		Action: ActionRetry,
	},
	message.CodeNotFound: {
		Title:  "This demo photo is missing on this site.",
		Advice: "Choose another photo.",
	},
}

var predictProblems = map[string]ProblemView{
	message.CodeInvalidInput: {
		Title:  "This file is not a picture that can be read.",
		Advice: "It may be empty, cut short, or no picture at all. Choose a JPEG, PNG or WebP photo.",
	},
	message.CodeUnsupportedInput: {
		Title:  "Larder cannot use this picture.",
		Advice: "It is too large, or of a kind that is not read. Choose a JPEG, PNG or WebP photo of at most 33 megapixels.",
	},
	message.CodeAborted: {
		Title:  "Stopped.",
		Advice: "Try again, or choose another photo.",
		Action: ActionRetry,
	},
	message.CodeInternal: {
		Title:  "The model stopped working on this photo.",
		Advice: "Try again. If it happens again, reload the page and report the line below.",
		Action: ActionRetry,
	},
	message.CodeOffline: {
		Title:  "This needs the network, and it is off.",
		Advice: "Connect and try again.",
		Action: ActionRetry,
	},
}

// CameraProblem explains why there is no camera picture, by the name of the
// browser's DOMException.
func CameraProblem(name string) string {
	switch name {
	case "NotAllowedError", "SecurityError":
		return "The camera is blocked for this site. Allow it in the browser's site settings, or choose a photo instead."
	case "NotFoundError", "OverconstrainedError", "DevicesNotFoundError":
		return "No camera was found on this device. Choose a photo instead."
	case "NotReadableError", "AbortError", "TrackStartError":
		return "The camera is in use by another program. Close it and try again, or choose a photo instead."
	default:
		return "The camera could not be started. Choose a photo instead."
	}
}
