package state

import "larder/wasm/message"

// Retry repeats what failed, at the wish of a person.
func (a *App) Retry() {
	a.repeat()
	a.host.Focus(focusHome)
}

func (a *App) repeat() {
	a.mu.Lock()
	f := a.failure
	a.mu.Unlock()
	if f == nil {
		return
	}
	switch f.step {
	case stepOpen:
		a.Start()
	case stepLoad:
		a.load()
	default:
		a.predict()
	}
}

// focusHome is where the focus goes when the element that had it is gone.
const focusHome = "photo"

// Cancel stops the download or the prediction that is under way.
func (a *App) Cancel() {
	stopped := false
	a.update(func() {
		switch {
		case a.phase == Loading:
			a.loading.stop()
			a.fail(stepLoad, &message.Error{Code: message.CodeAborted, Message: "stopped by you"})
		case a.phase == Predicting:
			a.work.stop()
			a.fail(stepPredict, &message.Error{Code: message.CodeAborted, Message: "stopped by you"})
		default:
			return
		}
		stopped = true
	})
	if stopped {
		a.host.Focus(focusHome)
	}
}

// SetOnline tells what the browser says about the network. When it comes back,
// what failed for want of it is repeated, and a model that could not be checked
// is checked.
func (a *App) SetOnline(online bool) {
	var back, lacked, stale bool
	a.update(func() {
		back = online && !a.online
		a.online = online
		lacked = a.failure != nil && a.failure.err.Code == message.CodeOffline
		stale = a.model != nil && a.info.Model.Freshness == message.Stale
	})
	switch {
	case !back:
	case lacked:
		a.repeat()
	case stale:
		a.Check()
	}
}
