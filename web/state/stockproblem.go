package state

import "larder/wasm/message"

// stockProblem explains why an action of the Larder page failed.
func stockProblem(v Verb, err *message.Error) *ProblemView {
	p, ok := stockProblems[v][err.Code]
	if !ok {
		p, ok = anyVerb[err.Code]
	}
	if !ok {
		p = defect
	}
	if err.Code != message.CodeAborted {
		p.Detail = err.Message
	}
	p.Code = err.Code
	return &p
}

// anyVerb explains a code where the verb has no words of its own for it.
var anyVerb = map[string]ProblemView{
	message.CodeOffline: {
		Title:  "The registry cannot be reached.",
		Advice: "Connect to the network and try again. What is stored stays as it was.",
		Action: ActionRetry,
	},
	message.CodeNotFound: {
		Title:  "That is not there any more.",
		Advice: "Another tab may have removed it. Try again to see what is stored now.",
		Action: ActionRetry,
	},
	message.CodeQuota:        loadProblems[message.CodeQuota],
	message.CodeCorrupt:      loadProblems[message.CodeCorrupt],
	message.CodeInvalidModel: loadProblems[message.CodeInvalidModel],
	message.CodeAborted: {
		Title:  "It was stopped.",
		Advice: "Try again to go on: what was done is kept.",
		Action: ActionRetry,
	},
}

var stockProblems = map[Verb]map[string]ProblemView{
	VerbRollback: {
		message.CodeNotFound: {
			Title:  "There is no version to go back to.",
			Advice: "Only a version that is still stored can be gone back to.",
		},
	},
	VerbImport: {
		message.CodeInvalidInput: {
			Title:  "This file cannot be read.",
			Advice: "Choose a file that Larder exported; its name ends in .larder.",
		},
		message.CodeInvalidModel: {
			Title:  "This is not a file that Larder exported.",
			Advice: "Choose another one; its name ends in .larder. Nothing was changed.",
		},
		message.CodeCorrupt: {
			Title:  "This file is damaged.",
			Advice: "Export it again where it comes from, and compare the sizes. Nothing was changed.",
		},
	},
	VerbRead: {
		message.CodeClosed: {
			Title:  "Larder has stopped.",
			Advice: "Reload the page.",
			Action: ActionReload,
		},
	},
}
