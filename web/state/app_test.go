package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"larder/wasm/message"
)

func TestVisit(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		v := r.phase(Booting)
		if len(v.Picker.Demos) != 1 || v.Loading == nil || v.Loading.Stoppable {
			t.Errorf("before the start: %+v", v)
		}
		r.app.Start()
		r.answer("open", nil, nil)
		load := r.one("load leaf@")
		load.onward(message.Progress{Phase: message.PhaseDownload, Loaded: 2_100_000, Total: 4_441_612})
		v = r.phase(Loading)
		if got := *v.Loading; got != (ProgressView{Label: "Downloading the model", Known: true, Value: 47, Amount: "2.1 of 4.4 MB", Stoppable: true}) {
			t.Errorf("progress %+v", got)
		}
		load.answer <- reply{value: r.model("2.0.0")}
		r.phase(Ready)

		r.app.Submit(photo("a.jpg"))
		r.phase(Predicting)
		r.answer("predict a.jpg by 2.0.0", rust(), nil)
		v = r.phase(Answered)
		if v.Answer.Headline != "Bean rust" || v.Answer.Rows[0].Percent != "98.4 %" || !v.Answer.Rows[0].Top || v.Answer.Rows[1].Top {
			t.Errorf("answer %+v", v.Answer)
		}
		if v.Answer.By != "Answered by Bean leaf 2.0.0, checked 3 minutes ago." {
			t.Errorf("answered by %q", v.Answer.By)
		}
		if v.Status != "Bean rust, 98.4 %." {
			t.Errorf("status %q", v.Status)
		}
	})
}

func TestPictureWaitsForModel(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Start()
		r.app.Submit(photo("early.jpg"))
		r.answer("open", nil, nil)
		r.answer("load leaf@", r.model("2.0.0"), nil)
		r.phase(Predicting)
		r.answer("predict early.jpg by 2.0.0", rust(), nil)
		r.phase(Answered)
	})
}

func TestNewerPictureSupersedes(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.Submit(photo("old.jpg"))
		old := r.one("predict old.jpg by 2.0.0")
		r.app.Submit(photo("new.jpg"))
		if old.ctx.Err() == nil {
			t.Error("the older prediction is not cancelled")
		}
		if !slices.Equal(r.released, []string{"blob:old.jpg"}) {
			t.Errorf("released %v", r.released)
		}
		late := rust()
		late.Label = "spot"
		old.answer <- reply{value: late} // comes all the same
		r.phase(Predicting)
		r.answer("predict new.jpg by 2.0.0", rust(), nil)
		if v := r.phase(Answered); v.Answer.Headline != "Bean rust" || v.Picture.URL != "blob:new.jpg" {
			t.Errorf("answer %q for %q", v.Answer.Headline, v.Picture.URL)
		}
	})
}

func TestOlderFailureIsDropped(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.Submit(photo("old.jpg"))
		old := r.one("predict old.jpg by 2.0.0")
		r.app.Submit(photo("new.jpg"))
		r.answer("predict new.jpg by 2.0.0", rust(), nil)
		old.answer <- reply{err: &message.Error{Code: message.CodeAborted}}
		r.phase(Answered)
	})
}

func TestDemo(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		for _, i := range []int{-1, 1} {
			r.app.SubmitDemo(i) // there is no such demo
		}
		r.phase(Ready)
		r.app.SubmitDemo(0)
		r.answer("fetch models/leaf/2.0.0/demo/rust.jpg", "bytes", nil)
		v := r.phase(Predicting)
		if !v.Picker.Demos[0].Chosen || v.Picture.Caption != "Demo photo" || v.Picture.Alt != "Demo photo: Bean rust" {
			t.Errorf("picker %+v, picture %+v", v.Picker, v.Picture)
		}
		r.answer("predict bytes by 2.0.0", rust(), nil)
		r.phase(Answered)
	})
}

func TestDemoOffline(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.SubmitDemo(0)
		r.answer("fetch models/leaf/2.0.0/demo/rust.jpg", nil, &message.Error{Code: message.CodeOffline, Message: "no route"})
		v := r.phase(Failed)
		if v.Problem.Action != ActionRetry || !strings.Contains(v.Problem.Title, "demo photo") {
			t.Errorf("problem %+v", v.Problem)
		}
		r.app.Retry()
		r.answer("fetch models/leaf/2.0.0/demo/rust.jpg", "bytes", nil)
		r.phase(Predicting)
		if r.focused != "photo" {
			t.Errorf("the focus went to %q", r.focused)
		}
	})
}

func TestChooseComparesModels(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.Submit(photo("a.jpg"))
		r.answer("predict a.jpg by 2.0.0", rust(), nil)
		r.app.ChooseValue("leaf@") // the same again
		r.phase(Answered)
		r.app.ChooseValue("leaf@1.0.0")
		if v := r.phase(Loading); v.Answer != nil || v.Model != nil {
			t.Error("the older model's answer is still there")
		}
		if !slices.Equal(r.disposed, []string{"2.0.0"}) {
			t.Errorf("disposed %v", r.disposed)
		}
		r.answer("load leaf@1.0.0", r.model("1.0.0"), nil)
		r.answer("predict a.jpg by 1.0.0", rust(), nil)
		r.phase(Answered)
	})
}

func TestChooseSupersedesLoad(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Start()
		r.answer("open", nil, nil)
		first := r.one("load leaf@")
		r.app.Choose("small", "")
		if first.ctx.Err() == nil {
			t.Error("the older load is not cancelled")
		}
		first.onward(message.Progress{Phase: message.PhaseDownload, Loaded: 1, Total: 2})
		if v := r.phase(Loading); v.Loading.Known {
			t.Error("the older load's progress shows")
		}
		first.answer <- reply{value: r.model("2.0.0")} // comes all the same
		r.phase(Loading)
		if !slices.Equal(r.disposed, []string{"2.0.0"}) {
			t.Errorf("the model that nobody wants is not disposed of: %v", r.disposed)
		}
		r.answer("load small@", r.model("1.0.0"), nil)
		r.phase(Ready)
	})
}

func TestChooseBeforeOpen(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Start()
		r.app.Choose("small", "1.0.0")
		r.answer("open", nil, nil)
		r.one("load small@1.0.0").answer <- reply{value: r.model("1.0.0")}
		r.phase(Ready)
	})
}

func TestEmptyShellAsksForTheIndexFirst(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app = New(Options{Larder: r, Cache: &r.cache, Host: r, Clock: func() time.Time { return start }, Notify: func() {}, Online: true})
		r.app.Start()
		r.answer("open", nil, nil)
		r.answer("index", testIndex, nil)
		r.answer("load leaf@", r.model("2.0.0"), nil)
		r.phase(Ready)
	})
}

func TestCancel(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Cancel() // there is nothing to stop
		r.phase(Booting)
		r.app.Start()
		r.answer("open", nil, nil)
		load := r.one("load leaf@")
		r.app.Cancel()
		v := r.phase(Failed)
		if load.ctx.Err() == nil || v.Problem.Code != message.CodeAborted || v.Problem.Detail != "" {
			t.Errorf("problem %+v", v.Problem)
		}
		load.answer <- reply{err: &message.Error{Code: message.CodeAborted}}
		r.app.Retry()
		r.answer("load leaf@", r.model("2.0.0"), nil)
		r.phase(Ready)

		r.app.Submit(photo("a.jpg"))
		work := r.one("predict a.jpg by 2.0.0")
		r.app.Cancel()
		if r.phase(Failed); work.ctx.Err() == nil {
			t.Error("the prediction is not cancelled")
		}
		work.answer <- reply{err: &message.Error{Code: message.CodeAborted}}
		r.app.Retry()
		r.answer("predict a.jpg by 2.0.0", rust(), nil)
		r.phase(Answered)
	})
}

func TestOpenFails(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Start()
		r.answer("open", nil, &message.Error{Code: message.CodeOffline, Message: "no worker"})
		r.phase(Failed)
		r.app.Retry()
		r.answer("open", nil, nil)
		r.answer("load leaf@", r.model("2.0.0"), nil)
		r.phase(Ready)
	})
}

func TestNetworkComesBack(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.SetOnline(false)
		r.app.Start()
		r.answer("open", nil, nil)
		r.answer("load leaf@", nil, &message.Error{Code: message.CodeOffline, Message: "no route"})
		if v := r.phase(Failed); v.Online || v.Problem.Code != message.CodeOffline {
			t.Errorf("view %+v", v)
		}
		r.app.SetOnline(false)
		r.phase(Failed)
		r.app.SetOnline(true)
		r.answer("load leaf@", r.model("2.0.0"), nil)
		r.phase(Ready)
		if r.focused != "" {
			t.Error("the focus was taken away though nobody asked")
		}
		r.app.SetOnline(false)
		r.app.SetOnline(true)
		if w := r.waiting(); slices.Contains(w, "load leaf@") || slices.Contains(w, "refresh leaf") {
			t.Errorf("a fresh model was checked again: %v", w)
		}
	})
}

func TestStillOnlineRepeatsNothing(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Start()
		r.answer("open", nil, nil)
		r.answer("load leaf@", nil, &message.Error{Code: message.CodeOffline, Message: "the server does not answer"})
		r.app.SetOnline(true) // as it was
		r.phase(Failed)
	})
}

func TestStaleModelIsCheckedWhenTheNetworkComesBack(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.SetOnline(false)
		r.app.Start()
		r.answer("open", nil, nil)
		old := r.model("1.0.0")
		old.info.Model.Freshness = message.Stale
		r.answer("load leaf@", old, nil)
		if v := r.phase(Ready); !strings.Contains(v.Model.Warning, "checked 3 minutes ago") {
			t.Errorf("warning %q", v.Model.Warning)
		}
		r.app.Submit(photo("a.jpg"))
		busy := r.one("predict a.jpg by 1.0.0")
		r.app.SetOnline(true)
		if v := r.app.View(); !v.Model.Checking {
			t.Error("the check does not show")
		}
		r.answer("refresh leaf", nil, nil)
		r.answer("load leaf@", r.model("2.0.0"), nil)
		if busy.ctx.Err() == nil || !slices.Equal(r.disposed, []string{"1.0.0"}) {
			t.Errorf("the older model is still in use; disposed: %v", r.disposed)
		}
		r.answer("predict a.jpg by 2.0.0", rust(), nil)
		if v := r.phase(Answered); v.Model.Version != "2.0.0" || v.Model.Warning != "" || v.Model.Checking {
			t.Errorf("model %+v", v.Model)
		}
	})
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name     string
		meddle   func(r *rig) // while the check is under way
		refresh  error
		disposed []string
		version  string
	}{
		{"newer version", func(*rig) {}, nil, []string{"2.0.0"}, "2.1.0"},
		{"no network", func(*rig) {}, &message.Error{Code: message.CodeOffline}, nil, "2.0.0"},
		{"another model chosen", func(r *rig) {
			r.app.Choose("small", "")
			r.answer("load small@", r.model("1.0.0"), nil)
		}, nil, []string{"2.0.0", "2.1.0"}, "1.0.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				r.app.Check() // no model yet: nothing to check
				r.ready()
				r.app.Check()
				r.app.Check() // one is under way
				check := r.one("refresh leaf")
				tt.meddle(r)
				check.answer <- reply{err: tt.refresh}
				if tt.refresh == nil {
					r.answer("load leaf@", r.model("2.1.0"), nil)
				}
				v := r.phase(Ready)
				if v.Model.Version != tt.version || v.Model.Checking || !slices.Equal(r.disposed, tt.disposed) {
					t.Errorf("version %s, checking %v, disposed %v", v.Model.Version, v.Model.Checking, r.disposed)
				}
			})
		})
	}
}

// TestRenewed checks that the page's facts follow a version that the host pushed.
func TestRenewed(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.happened(message.CacheEvent{Kind: "renewed", Name: "leaf"}) // no model yet
		r.ready()
		r.app.model.(*fakeModel).info.Model = version("2.1.0") // as larder.js does it
		r.cache.listen(message.CacheEvent{Kind: "served", Name: "leaf"})
		if v := r.phase(Ready); v.Model.Version != "2.0.0" {
			t.Errorf("another event changed the version to %s", v.Model.Version)
		}
		r.cache.listen(message.CacheEvent{Kind: "renewed", Name: "leaf"})
		if v := r.phase(Ready); v.Model.Version != "2.1.0" || len(r.disposed) != 0 {
			t.Errorf("version %s, disposed %v", v.Model.Version, r.disposed)
		}
	})
}

// TestAnotherVersionAnswers has other versions answer, by what is done on the Larder page or
// in another tab.
func TestAnotherVersionAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		event  message.CacheEvent
		chosen string // version
		page   Page   // on which the event comes
		want   Phase  // of the page for photos then
	}{
		{"update", message.CacheEvent{Kind: "updated", Name: "leaf", Version: "2.1.0"}, "", PageLarder, Loading},
		{"rollback", message.CacheEvent{Kind: "rolled-back", Name: "leaf", Version: "1.0.0"}, "", PageLarder, Loading},
		{"update in use", message.CacheEvent{Kind: "updated", Name: "leaf", Version: "2.1.0"}, "", PageLeaf, Ready},
		{"rollback elsewhere", message.CacheEvent{Kind: "rolled-back", Name: "leaf", Version: "1.0.0", Elsewhere: true}, "", PageLeaf, Loading},
		{"of another model", message.CacheEvent{Kind: "rolled-back", Name: "small", Version: "1.0.0"}, "", PageLarder, Ready},
		{"to the version in use", message.CacheEvent{Kind: "rolled-back", Name: "leaf", Version: "2.0.0"}, "", PageLarder, Ready},
		{"of a version that was chosen", message.CacheEvent{Kind: "updated", Name: "leaf", Version: "2.1.0"}, "2.0.0", PageLarder, Ready},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				r.ready()
				if tt.chosen != "" {
					r.app.Choose("leaf", tt.chosen)
					r.answer("load leaf@"+tt.chosen, r.model(tt.chosen), nil)
				}
				r.app.Show(tt.page)
				if tt.page == PageLarder {
					r.read()
				}
				before := len(r.disposed)
				r.cache.listen(tt.event)
				if v := r.app.View(); tt.page == PageLarder && v.Phase != Ready {
					t.Errorf("%v before the page was turned", v.Phase)
				}
				r.app.Show(PageLeaf)
				if v := r.app.View(); v.Phase != tt.want || (len(r.disposed) > before) != (tt.want == Loading) {
					t.Errorf("%v, disposed %v; want %v", v.Phase, r.disposed[before:], tt.want)
				}
			})
		})
	}
}

func TestIndexFailureKeepsTheShellsIndex(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.app.Start()
		r.answer("open", nil, nil)
		r.answer("index", nil, &message.Error{Code: message.CodeOffline})
		if v := r.phase(Loading); len(v.Picker.Choices) == 0 || v.Title != "Bean leaf" {
			t.Errorf("choices %v", v.Picker.Choices)
		}
	})
}

func TestRenderTime(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.Rendered(time.Second) // not of an answer
		r.app.Submit(photo("a.jpg"))
		r.answer("predict a.jpg by 2.0.0", rust(), nil)
		if got := r.app.View().Timings[4]; got.Text != "–" {
			t.Errorf("before it is measured: %+v", got)
		}
		r.app.Rendered(6 * time.Millisecond)
		r.app.Rendered(time.Second) // of a later view
		if got := r.app.View().Timings[4]; got.Label != "Render" || got.Text != "6.0 ms" {
			t.Errorf("render %+v", got)
		}
	})
}

// The picture after an answer: the answer goes before the old picture is released,
// and whoever draws the page in between must not miss it.
func TestPictureAfterAnswer(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.Submit(photo("a.jpg"))
		r.answer("predict a.jpg by 2.0.0", rust(), nil)
		r.app.Submit(photo("b.jpg"))
		r.phase(Predicting)
		r.answer("predict b.jpg by 2.0.0", rust(), nil)
		r.phase(Answered)
	})
}

func TestPictureThatCannotBeShown(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		r.app.Submit(photo("notes.txt"))
		r.app.CannotShow("blob:another")
		if v := r.app.View(); v.Picture.URL == "" {
			t.Error("the wrong picture was hidden")
		}
		r.app.CannotShow("blob:notes.txt")
		if v := r.app.View(); v.Picture.URL != "" || v.Picture.Caption != "Your photo: notes.txt" {
			t.Errorf("picture %+v", v.Picture)
		}
	})
}

func TestTheme(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		if v := r.app.View(); v.Theme != ThemeAuto {
			t.Errorf("theme %q", v.Theme)
		}
		r.app.SetTheme(ThemeDark)
		if v := r.app.View(); v.Theme != ThemeDark || r.theme != ThemeDark || r.notified == 0 {
			t.Errorf("theme %q, host %q", v.Theme, r.theme)
		}
	})
}
