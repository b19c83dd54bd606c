package state

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"larder/wasm/message"
)

func TestPercent(t *testing.T) {
	for p, want := range map[float64]string{
		0: "0.0 %", 0.0003: "< 0.1 %", 0.0005: "0.1 %", 0.984: "98.4 %", 0.9994: "99.9 %", 0.99996: "> 99.9 %", 1: "100.0 %", math.NaN(): "–",
	} {
		if got := percent(p); got != want {
			t.Errorf("percent(%v) = %q, want %q", p, got, want)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for ms, want := range map[float64]string{
		-1: "–", 0: "< 0.1 ms", 0.06: "0.1 ms", 9.94: "9.9 ms", 9.96: "10 ms", 402.4: "402 ms", 999.6: "1.00 s", 1254: "1.25 s", math.NaN(): "–",
	} {
		if got := milliseconds(ms); got != want {
			t.Errorf("milliseconds(%v) = %q, want %q", ms, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 433100: "433 kB", 4441612: "4.4 MB", 10758100000: "10.8 GB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
	if got := amount(100, 433100); got != "100 bytes of 433 kB" {
		t.Errorf("amount: %q", got)
	}
}

func TestAges(t *testing.T) {
	tests := []struct {
		name          string
		checked, next time.Duration // from now
		age, refresh  string
	}{
		{"just now", 0, 24 * time.Hour, "checked just now", "in 1 day"},
		{"minutes", -3 * time.Minute, 59 * time.Minute, "checked 3 minutes ago", "in 59 minutes"},
		{"hours", -90 * time.Minute, 30 * time.Second, "checked 1 hour ago", "in less than a minute"},
		{"due", -25 * time.Hour, 0, "checked 1 day ago", "at the next use"},
		{"months", -62 * 24 * time.Hour, -time.Hour, "checked 2 months ago", "at the next use"},
		{"a clock that runs behind", time.Hour, 400 * 24 * time.Hour, "checked just now", "in 1 year"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(t *testing.T, r *rig) {
				r.ready()
				r.app.info.Model.CheckedAt = start.Add(tt.checked).Format(time.RFC3339)
				r.app.info.Model.NextRefresh = start.Add(tt.next).Format(time.RFC3339)
				m := r.app.View().Model
				if m.Checked != tt.age || m.Refresh != tt.refresh {
					t.Errorf("got %q and %q, want %q and %q", m.Checked, m.Refresh, tt.age, tt.refresh)
				}
			})
		})
	}
}

func TestModelView(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		r.ready()
		want := ModelView{Title: "Bean leaf", Version: "2.0.0", Made: "1 November 2026 (20 days ago)", Checked: "checked 3 minutes ago",
			Refresh: "in 23 hours", Source: "stored on this device", Size: "4.4 MB", Threads: "1 thread", Digest: "0123456789ab"}
		if got := *r.app.View().Model; got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		r.app.info = message.Info{Model: message.Version{Name: "leaf", Created: "soon"}, Threads: 4, Source: "elsewhere"}
		want = ModelView{Title: "leaf", Made: "unknown", Checked: "never checked", Refresh: "not planned", Source: "unknown", Size: "0 bytes", Threads: "4 threads"}
		if got := *r.app.View().Model; got != want {
			t.Errorf("of little known: got %+v\nwant %+v", got, want)
		}
	})
}

func TestUnknown(t *testing.T) {
	p := rust()
	p.Unknown, p.Classes[0].Probability = true, 0.61
	tests := []struct {
		name      string
		change    func(p *message.Prediction)
		threshold float64
		lead      string
	}{
		{"below the threshold", func(*message.Prediction) {}, 0.94, unknownSentence + " The closest is Bean rust with 61.0\u00a0%; it answers from 94.0\u00a0% on."},
		{"no threshold known", func(*message.Prediction) {}, 0, unknownSentence},
		{"no classes", func(p *message.Prediction) { p.Classes = nil }, 0.94, unknownSentence},
		{"label that is no class", func(p *message.Prediction) { p.Unknown, p.Label = false, "x" }, 0.94, unknownSentence},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := p
			tt.change(&q)
			v := newAnswer(&q, tt.threshold)
			if !v.Unknown || v.Headline != "Not recognised" || v.Lead != tt.lead || v.Spoken != unknownSentence {
				t.Errorf("answer %+v", v)
			}
			for _, row := range v.Rows {
				if row.Top {
					t.Errorf("%s is marked as the answer", row.Label)
				}
			}
		})
	}
}

// TestManyClasses has more classes than anybody reads.
func TestManyClasses(t *testing.T) {
	p := rust()
	for len(p.Classes) < 1000 {
		p.Classes = append(p.Classes, message.Class{Label: "other"})
	}
	if v := newAnswer(&p, 0); len(v.Rows) != maxRows || v.All || v.Rows[0].Label != "Bean rust" {
		t.Errorf("%d rows, all: %v", len(v.Rows), v.All)
	}
	p.Classes = p.Classes[:maxRows]
	if v := newAnswer(&p, 0); len(v.Rows) != maxRows || !v.All {
		t.Errorf("%d rows, all: %v", len(v.Rows), v.All)
	}
}

func TestTimings(t *testing.T) {
	got := newTimings(rust().Timing, 6*time.Millisecond)
	var parts []string
	for _, v := range got {
		parts = append(parts, v.Label+" "+v.Text)
	}
	want := "Decode 8.4 ms, Preprocess 3.1 ms, Infer 402 ms, Postprocess < 0.1 ms, Render 6.0 ms, Total 420 ms"
	if s := strings.Join(parts, ", "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if got[2].Value != "0.9583" || !got[5].Total {
		t.Errorf("shares %+v", got)
	}
	if zero := newTimings(message.Timing{}, -1); zero[0].Value != "0.0000" {
		t.Errorf("of nothing: %+v", zero)
	}
}

// TestProblems checks that every code has a sentence and a way out in each step.
func TestProblems(t *testing.T) {
	codes := []string{message.CodeNotFound, message.CodeOffline, message.CodeCorrupt, message.CodeQuota, message.CodeAborted,
		message.CodeUnsupportedOperator, message.CodeInvalidModel, message.CodeInvalidInput, message.CodeUnsupportedInput,
		message.CodeInternal, message.CodeClosed, "of-the-future"}
	for _, s := range []step{stepOpen, stepLoad, stepPicture, stepPredict} {
		for _, code := range codes {
			p := newProblem(s, &message.Error{Code: code, Message: "chunk 3"})
			if p.Code != code || p.Title == "" || p.Advice == "" || !strings.HasSuffix(p.Advice, ".") {
				t.Errorf("step %d, %s: %+v", s, code, p)
			}
			if (p.Detail == "chunk 3") == (code == message.CodeAborted) {
				t.Errorf("step %d, %s: detail %q", s, code, p.Detail)
			}
		}
	}
	tests := []struct {
		name   string
		step   step
		code   string
		title  string
		action Action
	}{
		{"offline model", stepLoad, message.CodeOffline, "This model is not on your device yet, and the network is off.", ActionRetry},
		{"no such model", stepLoad, message.CodeNotFound, "This site does not have that model.", NoAction},
		{"no picture", stepPredict, message.CodeInvalidInput, "This file is not a picture that can be read.", NoAction},
		{"huge picture", stepPredict, message.CodeUnsupportedInput, "Larder cannot use this picture.", NoAction},
		{"dead worker", stepPredict, message.CodeClosed, "Something in Larder broke.", ActionReload},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p := newProblem(tt.step, &message.Error{Code: tt.code}); p.Title != tt.title || p.Action != tt.action {
				t.Errorf("problem %+v", p)
			}
		})
	}
}

func TestErrorsWithoutCodeAreInternal(t *testing.T) {
	if e := asError(errors.New("plain")); e.Code != message.CodeInternal || e.Message != "plain" {
		t.Errorf("error %+v", e)
	}
}

func TestCameraProblem(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"NotAllowedError", "NotFoundError", "NotReadableError", "TypeError", ""} {
		text := CameraProblem(name)
		seen[text] = true
		if !strings.Contains(text, "choose a photo instead") && !strings.Contains(text, "Choose a photo instead") {
			t.Errorf("%s: no way out in %q", name, text)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d different texts, want 4", len(seen))
	}
}

func TestChoices(t *testing.T) {
	run(t, func(t *testing.T, r *rig) {
		want := []ChoiceView{
			{"leaf@", "Bean leaf · latest (2.0.0)", true},
			{"leaf@2.0.0", "Bean leaf · 2.0.0", false},
			{"leaf@1.0.0", "Bean leaf · 1.0.0", false},
			{"small@", "small · latest", false},
		}
		if got := r.app.View().Picker.Choices; !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPictureNames(t *testing.T) {
	p := Picture{Source: FromDrop, Name: strings.Repeat("x", 60) + ".jpeg"}
	if got := p.view().Caption; len([]rune(got)) != len("Dropped photo: ")+maxName || !strings.HasSuffix(got, ".jpeg") {
		t.Errorf("caption %q", got)
	}
	if got := (Picture{Source: "elsewhere"}).view().Caption; got != "Photo" {
		t.Errorf("caption %q", got)
	}
}
