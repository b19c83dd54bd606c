package state

import (
	"context"

	"larder/wasm/message"
)

// Start opens Larder and loads the chosen model. It is called once, and again by
// Retry when opening failed.
func (a *App) Start() {
	var ctx context.Context
	var number int
	a.update(func() {
		a.phase, a.failure = Booting, nil
		ctx, number = a.loading.start()
	})
	go a.open(ctx, number)
}

func (a *App) open(ctx context.Context, number int) {
	err := a.larder.Open(ctx)
	current := false
	a.update(func() {
		current = a.loading.is(number)
		if err == nil {
			a.opened = true
		} else if current {
			a.loading.stop()
			a.fail(stepOpen, err)
		}
	})
	if err != nil || !current {
		return
	}
	a.Stock.open()
	a.mu.Lock()
	unnamed := a.name == ""
	a.mu.Unlock()
	if unnamed { // the shell named no model: the index must, before one can be loaded
		a.readIndex(ctx)
	} else {
		go a.readIndex(ctx)
	}
	wanted := false
	a.update(func() {
		if wanted = a.page == PageLeaf || a.picture != nil; !wanted {
			a.phase = Opened // a model is loaded when its page is turned to
			a.loading.stop()
		}
	})
	if wanted {
		a.load()
	}
}

// readIndex replaces the shell's index by the registry's. Without the network the
// shell's stays: it is what the installed page was built with.
func (a *App) readIndex(ctx context.Context) {
	index, err := a.larder.Index(context.WithoutCancel(ctx))
	if err != nil {
		return
	}
	a.Stock.know(index)
	a.update(func() {
		a.index = index
		if a.name == "" {
			a.name = Shell{Index: index}.pick()
		}
	})
}

// load loads the chosen model in place of the one that is loaded, and then
// classifies the picture that waits for it.
func (a *App) load() {
	var ctx context.Context
	var number int
	var old Model
	var name, version string
	a.update(func() {
		ctx, number = a.loading.start()
		a.work.stop()
		old, a.model, a.info, a.outdated = a.model, nil, message.Info{}, false
		a.phase, a.failure, a.answer, a.progress = Loading, nil, nil, message.Progress{}
		name, version = a.name, a.version
	})
	if old != nil {
		old.Dispose()
	}
	go a.fetch(ctx, number, name, version)
}

func (a *App) fetch(ctx context.Context, number int, name, version string) {
	model, err := a.larder.Load(ctx, name, version, func(p message.Progress) {
		a.update(func() {
			if a.loading.is(number) {
				a.progress = p
			}
		})
	})
	current := false
	a.update(func() {
		if current = a.loading.is(number); !current {
			return
		}
		a.loading.stop()
		if err != nil {
			a.fail(stepLoad, err)
			return
		}
		a.phase = Ready
		a.adopt(model)
	})
	switch {
	case current && err == nil:
		a.predict()
	case err == nil: // superseded: nobody else knows this model
		model.Dispose()
	}
}

// adopt makes a loaded model the current one. It is called under the lock.
func (a *App) adopt(m Model) {
	a.model, a.info, a.outdated = m, m.Info(), false
	if demos := m.Demos(); len(demos) > 0 {
		a.demos = demos
	}
}

// happened takes an event of the cache. Where a host pushes another version, what is loaded
// has changed to it by then. What a person does to the versions on the Larder page counts
// from when the other page is turned to; a rollback, also in another tab, at once: somebody
// does not want that version.
func (a *App) happened(e message.CacheEvent) {
	load := false
	a.update(func() {
		switch {
		case a.model == nil:
		case e.Kind == "renewed":
			a.adopt(a.model)
		case e.Kind == "updated" || e.Kind == "rolled-back":
			if a.version == "" && e.Name == a.info.Model.Name && e.Version != a.info.Model.Version {
				a.outdated = true
				load = e.Kind == "rolled-back" && a.page == PageLeaf
			}
		}
	})
	if load {
		a.load()
	}
}

// Choose loads another model or version; an empty version means the latest. The
// picture on show is classified again, so that models can be compared.
func (a *App) Choose(name, version string) {
	a.mu.Lock()
	same := name == a.name && version == a.version
	a.name, a.version = name, version
	opened := a.opened
	a.mu.Unlock()
	switch {
	case same:
	case opened:
		a.load()
	default:
		a.notify() // open loads what is chosen by then
	}
}

// Check asks the registry for a newer version of the model that is loaded. The
// model stays in use until the newer one is ready.
func (a *App) Check() {
	var old Model
	var name, version string
	a.mu.Lock()
	if !a.checking && a.model != nil {
		a.checking = true
		old, name, version = a.model, a.name, a.version
	}
	a.mu.Unlock()
	if old == nil {
		return
	}
	a.notify()
	go a.check(old, name, version)
}

func (a *App) check(old Model, name, version string) {
	ctx := context.Background()
	var found Model
	err := a.larder.Refresh(ctx, name, func(message.Progress) {})
	if err == nil {
		found, err = a.larder.Load(ctx, name, version, func(message.Progress) {})
	}
	var unused Model
	a.update(func() {
		a.checking = false
		switch {
		case err != nil: // the model in use goes on; its freshness tells
		case a.model == old:
			unused = old
			a.adopt(found)
		default: // another model was chosen meanwhile
			unused = found
		}
	})
	if unused != nil {
		a.retire(unused)
	}
}

// retire disposes of a model as soon as no prediction can be using it.
func (a *App) retire(m Model) {
	a.mu.Lock()
	busy := a.work.running()
	a.mu.Unlock()
	if busy {
		a.predict() // with the newer model; what used the older one is cancelled
	}
	m.Dispose()
}
