//go:build !js

package web

import (
	"testing"

	"larder/web/state"
)

func TestVerdict(t *testing.T) {
	problem := &state.ProblemView{Code: "offline", Title: "No network.", Advice: "Connect."}
	check(t, []look{
		{"loading", &Verdict{View: &state.View{Phase: state.Loading, Status: "Downloading.", Loading: &state.ProgressView{Label: "Downloading"}}},
			[]string{`aria-busy="true"`, `<p class="unseen" id="status" role="status" aria-live="polite">Downloading.</p>`, "<div role=\"alert\">\n", "<progress"}, []string{"idle", "answer"}},
		{"ready", &Verdict{View: &state.View{Phase: state.Ready}},
			[]string{`aria-busy="false"`, "The model is ready."}, []string{"<progress", "problem"}},
		{"predicting", &Verdict{View: &state.View{Phase: state.Predicting, Picker: state.PickerView{Busy: true}}},
			[]string{"Looking at the photo", `id="cancel-predict"`}, []string{"idle"}},
		{"failed", &Verdict{View: &state.View{Phase: state.Failed, Problem: problem}},
			[]string{"<div role=\"alert\">\n<div class=\"problem\" data-code=\"offline\">", "No network."}, []string{"idle", "<progress"}},
		{"answered", &Verdict{View: &state.View{Phase: state.Answered, Answer: &state.AnswerView{Headline: "Bean rust", By: "Leaf 2.0.0"}, Model: &state.ModelView{}}},
			[]string{`id="answer">Bean rust<`, "Leaf 2.0.0"}, []string{"idle", "<progress", "problem", `id="stale"`}},
		{"stale", &Verdict{View: &state.View{Phase: state.Answered, Answer: &state.AnswerView{}, Model: &state.ModelView{Warning: "May be old."}}},
			[]string{`id="stale">May be old.<`}, nil},
	})
}

func TestProgress(t *testing.T) {
	check(t, []look{
		{"of unknown length", &Progress{Loading: &state.ProgressView{Label: "Starting Larder"}},
			[]string{`<progress aria-label="Starting Larder"></progress>`, "stays on this device"}, []string{"value=", "cancel-load"}},
		{"download", &Progress{Loading: &state.ProgressView{Label: "Downloading", Known: true, Value: 47, Amount: "2.1 of 4.4 MB", Stoppable: true}, Waiting: true},
			[]string{`max="100" aria-label="Downloading" value="47"`, "2.1 of 4.4 MB", `id="cancel-load"`, "Your photo is next."}, []string{"stays on this device"}},
		{"check", &Progress{Loading: &state.ProgressView{Label: "Checking", Known: true, Value: 3}}, []string{"3 %"}, nil},
	})
}

func TestProblem(t *testing.T) {
	check(t, []look{
		{"retry", &Problem{Problem: &state.ProblemView{Code: "offline", Title: "T", Advice: "A", Action: state.ActionRetry}},
			[]string{`id="retry"`, `data-code="offline"`}, []string{`id="reload"`, "report"}},
		{"reload", &Problem{Problem: &state.ProblemView{Code: "closed", Detail: "<script>", Action: state.ActionReload}},
			[]string{`id="reload"`, "closed: &lt;script&gt;"}, []string{`id="retry"`, "<script>"}},
		{"no action", &Problem{Problem: &state.ProblemView{Code: "invalid-input"}}, nil, []string{"<button"}},
	})
}

func TestAnswer(t *testing.T) {
	rows := []state.RowView{{Label: "Bean rust", Percent: "98.4 %", Value: "0.9840", Top: true}, {Label: "Healthy", Percent: "1.6 %", Value: "0.0160"}}
	check(t, []look{
		{"known", &Answer{Answer: &state.AnswerView{Headline: "Bean rust", Rows: rows, All: true}},
			[]string{`data-unknown="false"`, `<tr data-top="true"><th scope="row">Bean rust</th>`, `<meter min="0" max="1" aria-label="Bean rust" value="0.9840">`, `<td class="figure">98.4 %</td>`, "<caption>All classes</caption>"}, nil},
		{"unknown", &Answer{Answer: &state.AnswerView{Headline: "Not recognised", Unknown: true, Rows: rows[1:], All: true}},
			[]string{`data-unknown="true"`, "All classes; none is likely enough"}, []string{`data-top="true"`}},
		{"of many", &Answer{Answer: &state.AnswerView{Rows: rows}}, []string{"<caption>The 2 most probable classes</caption>"}, nil},
	})
}
