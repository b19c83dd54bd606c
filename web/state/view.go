package state

import (
	"time"

	"larder/wasm/message"
)

// View is everything that there is to see, as finished texts. Two views that are
// deeply equal look the same.
type View struct {
	Page    Page
	Phase   Phase
	Online  bool
	Theme   Theme
	Status  string // one sentence, read out by screen readers when it changes
	Title   string // of the model that is chosen
	Picker  PickerView
	Picture *PictureView  // nil: none yet
	Loading *ProgressView // nil: nothing is being loaded
	Answer  *AnswerView   // nil: no answer yet
	Problem *ProblemView  // nil: no problem
	Model   *ModelView    // nil: no model is loaded
	Timings []TimingView  // empty: nothing has been measured
	Stock   *StockView    // nil: another page is on show
}

// PickerView is the choice of a picture and of a model.
type PickerView struct {
	Demos   []DemoView
	Choices []ChoiceView
	Busy    bool // a picture is being classified
}

// DemoView is one demo picture.
type DemoView struct {
	Display string
	URL     string
	Chosen  bool
}

// ChoiceView is one entry of the model picker.
type ChoiceView struct {
	Value  string // what ChooseValue takes
	Label  string
	Chosen bool
}

// View returns what there is to see now.
func (a *App) View() View {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := View{
		Page: a.page, Phase: a.phase, Online: a.online, Theme: a.theme,
		Title:   a.title(),
		Picker:  PickerView{Demos: a.demoViews(), Choices: a.choices(), Busy: a.phase == Predicting},
		Loading: a.loadingView(),
		Problem: a.problemView(),
		Model:   a.modelView(),
	}
	if a.picture != nil {
		v.Picture = a.picture.view()
	}
	if a.answer != nil {
		v.Answer = newAnswer(a.answer, a.info.UnknownThreshold)
		if v.Model != nil {
			v.Answer.By = "Answered by " + v.Model.Title + " " + v.Model.Version + ", " + v.Model.Checked + "."
		}
		v.Timings = newTimings(a.answer.Timing, a.render)
	}
	v.Status = a.status(v)
	if a.page == PageLarder {
		v.Stock = a.Stock.View(a.openingProblem())
	}
	return v
}

// openingProblem is why Larder did not start; any other problem is of the leaf's page.
func (a *App) openingProblem() *ProblemView {
	if a.failure == nil || a.failure.step != stepOpen {
		return nil
	}
	return a.problemView()
}

// Static returns what a page shows before anything has loaded.
func Static(shell Shell, page Page) View {
	return New(Options{Shell: shell, Page: page, Clock: time.Now, Online: true}).View()
}

func (a *App) demoViews() []DemoView {
	list := make([]DemoView, len(a.demos))
	for i, d := range a.demos {
		chosen := a.picture != nil && a.picture.Source == FromDemo && a.picture.URL == d.URL
		list[i] = DemoView{Display: d.Display, URL: d.URL, Chosen: chosen}
	}
	return list
}

// title is the chosen model's title; its name when the index does not know it.
func (a *App) title() string { return titleOf(a.index, a.name) }

func titleOf(index message.Index, name string) string {
	for _, m := range index.Models {
		if m.Name == name && m.Title != "" {
			return m.Title
		}
	}
	return name
}

// status is the sentence for screen readers. It changes with the phase and not
// with every byte, so that it is not read out all the time.
func (a *App) status(v View) string {
	switch a.phase {
	case Booting:
		return "Larder is starting."
	case Opened:
		return "Larder is ready."
	case Loading:
		return v.Loading.Label + "."
	case Ready:
		return "The model is ready. Choose a photo."
	case Predicting:
		return "Looking at the photo."
	case Answered:
		return v.Answer.Spoken
	default: // the problem is an alert: it is read out by itself
		return ""
	}
}

// ProgressView is the progress of a download, check or preparation.
type ProgressView struct {
	Label  string // "Downloading the model"
	Known  bool   // whether Percent means anything
	Value  int    // percent, 0 to 100
	Amount string // "2.1 of 4.4 MB", or empty

	Stoppable bool // Cancel does something
}

func (a *App) loadingView() *ProgressView {
	switch {
	case a.phase == Booting:
		return &ProgressView{Label: "Starting Larder"}
	case a.phase != Loading:
		return nil
	}
	v := progressView("Opening the model", a.progress)
	v.Stoppable = true
	return v
}

// progressView describes a download, check or preparation; label is what is said before
// it is known which.
func progressView(label string, p message.Progress) *ProgressView {
	v := &ProgressView{Label: label}
	switch p.Phase {
	case message.PhaseDownload:
		v.Label = "Downloading the model"
	case message.PhaseVerify:
		v.Label = "Checking the model"
	case message.PhasePrepare:
		v.Label = "Preparing the model"
	}
	if p.Total > 0 && p.Loaded >= 0 {
		v.Known = true
		v.Value = int(min(p.Loaded, p.Total) * 100 / p.Total)
		if p.Phase == message.PhaseDownload {
			v.Amount = amount(p.Loaded, p.Total)
		}
	}
	return v
}
