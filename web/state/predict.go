package state

import (
	"context"
	"time"
)

// Submit takes a picture. It is classified as soon as a model is ready, and it
// supersedes the picture before it.
func (a *App) Submit(p Picture) {
	var old *Picture
	a.update(func() {
		old, a.picture = a.picture, &p
		a.answer = nil
		if a.phase == Answered {
			a.phase = Ready // the phase and the answer go together, whoever looks in between
		}
	})
	if old != nil {
		a.host.Release(*old)
	}
	a.predict()
}

// SubmitDemo takes the demo picture with that position in View.Demos.
func (a *App) SubmitDemo(i int) {
	a.mu.Lock()
	if i < 0 || i >= len(a.demos) {
		a.mu.Unlock()
		return
	}
	d := a.demos[i]
	a.mu.Unlock()
	a.Submit(Picture{Source: FromDemo, Name: d.Display, URL: d.URL})
}

// predict classifies the picture, if there is one and a model to do it.
func (a *App) predict() {
	var ctx context.Context
	var number int
	var model Model
	var picture Picture
	a.mu.Lock()
	if a.picture == nil || a.model == nil {
		a.mu.Unlock()
		return
	}
	ctx, number = a.work.start()
	model, picture = a.model, *a.picture
	a.phase, a.failure, a.answer = Predicting, nil, nil
	a.mu.Unlock()
	a.notify()
	go a.run(ctx, number, model, picture)
}

func (a *App) run(ctx context.Context, number int, model Model, picture Picture) {
	data, err := picture.Data, error(nil)
	if data == nil {
		data, err = a.host.Fetch(ctx, picture.URL)
	}
	if err != nil {
		a.finish(number, func() { a.fail(stepPicture, err) })
		return
	}
	answer, err := model.Predict(ctx, data)
	a.finish(number, func() {
		if err != nil {
			a.fail(stepPredict, err)
			return
		}
		a.phase, a.answer, a.render = Answered, &answer, -1
		a.info.Model = answer.Model
	})
}

// finish ends the work with that number, unless it has been superseded.
func (a *App) finish(number int, f func()) {
	a.update(func() {
		if a.work.is(number) {
			a.work.stop()
			f()
		}
	})
}

// Rendered tells how long it took to put the current view on the page. The first
// figure after an answer is the answer's render time.
func (a *App) Rendered(took time.Duration) {
	a.mu.Lock()
	first := a.phase == Answered && a.render < 0
	if first {
		a.render = took
	}
	a.mu.Unlock()
	if first {
		a.notify()
	}
}

// CannotShow tells that the browser could not show the picture with that URL: it
// may be no picture at all.
func (a *App) CannotShow(url string) {
	a.update(func() {
		if a.picture != nil && a.picture.URL == url {
			a.picture.hidden = true
		}
	})
}
