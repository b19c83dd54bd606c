package state

import (
	"context"
	"slices"

	"larder/wasm/message"
)

// Verb is what a person can do on the Larder page.
type Verb string

// The verbs. Version is needed by those that are about one version.
const (
	VerbDownload Verb = "download"
	VerbRefresh  Verb = "refresh"
	VerbRollback Verb = "rollback"
	VerbVerify   Verb = "verify"
	VerbPin      Verb = "pin"    // a version
	VerbUnpin    Verb = "unpin"  // a version
	VerbExport   Verb = "export" // a version
	VerbAsk      Verb = "ask"    // to be asked before removing
	VerbKeep     Verb = "keep"   // the answer no
	VerbRemove   Verb = "remove" // the answer yes
	VerbImport   Verb = "import"
	VerbPersist  Verb = "persist"
	VerbStop     Verb = "stop" // what is under way
	VerbRead     Verb = "read" // the list, after a failure
)

// Deed is a verb and what it is about: what a button does.
type Deed struct {
	Verb    Verb
	Name    string // of the model; empty for what concerns none
	Version string
}

// ID is the id of the deed's button, by which tests and the focus find it.
func (d Deed) ID() string {
	id := string(d.Verb)
	for _, part := range []string{d.Name, d.Version} {
		if part != "" {
			id += "-" + part
		}
	}
	return id
}

// Act does what a person asked for. One thing at a time happens to a model: while it
// does, only VerbStop is heard.
func (s *Stock) Act(d Deed) {
	switch d.Verb {
	case VerbRead:
		s.Read()
	case VerbStop:
		s.stop(d.Name)
	case VerbAsk:
		s.update(func() { s.asking = d.Name })
		s.host.Focus(Deed{Verb: VerbKeep, Name: d.Name}.ID())
	case VerbKeep:
		s.update(func() { s.asking = "" })
		s.host.Focus(Deed{Verb: VerbAsk, Name: d.Name}.ID())
	case VerbRemove:
		s.host.Focus(focusMain)
		s.run(d, nil)
	default:
		s.run(d, nil)
	}
}

// Import takes a file that was exported.
func (s *Stock) Import(file any) { s.run(Deed{Verb: VerbImport}, file) }

// run starts an action, unless another one is under way on the model.
func (s *Stock) run(d Deed, file any) {
	var ctx context.Context
	var number int
	name, j := d.Name, &job{verb: d.Verb, version: d.Version}
	s.mu.Lock()
	if !s.opened || s.jobs[name] != nil {
		s.mu.Unlock()
		return
	}
	ctx, number = j.task.start()
	s.jobs[name] = j
	delete(s.failed, name)
	s.asking, s.outcome = "", outcome{}
	s.mu.Unlock()
	s.notify()
	go func() {
		text, err := s.do(ctx, j, name, file)
		s.finish(j, number, name, text, err)
	}()
}

// stop cancels what is under way on a model.
func (s *Stock) stop(name string) {
	s.update(func() {
		j := s.jobs[name]
		if j == nil {
			return
		}
		j.task.stop()
		delete(s.jobs, name)
		s.outcome = outcome{name, "Stopped."}
	})
	s.host.Focus(focusMain)
}

func (s *Stock) finish(j *job, number int, name, text string, err error) {
	s.update(func() {
		if !j.task.is(number) {
			return // stopped
		}
		j.task.stop()
		delete(s.jobs, name)
		if err != nil {
			s.failed[name] = &failed{j.verb, j.version, asError(err)}
			return
		}
		s.outcome = outcome{name, text}
	})
	s.Read()
}

// do does it, and says what came of it in one sentence.
func (s *Stock) do(ctx context.Context, j *job, name string, file any) (string, error) {
	before := s.versions(name)
	title := s.title(name)
	tell := func(p message.Progress) { s.update(func() { j.progress = p }) }
	var err error
	switch j.verb {
	case VerbDownload:
		err = s.cache.Download(ctx, name, tell)
		return title + " is on this device now.", err
	case VerbRefresh:
		if err = s.cache.Refresh(ctx, name, tell); err == nil {
			return s.refreshed(ctx, name, title, before), nil
		}
	case VerbRollback:
		if err = s.cache.Rollback(ctx, name); err == nil {
			return s.rolledBack(ctx, name, title), nil
		}
	case VerbVerify:
		found, err := s.cache.Verify(ctx, name, tell)
		return title + ": " + verified(found), err
	case VerbPin:
		err = s.cache.Pin(ctx, name, j.version, true)
		return title + " " + j.version + " is pinned: it stays until you let it go.", err
	case VerbUnpin:
		err = s.cache.Pin(ctx, name, j.version, false)
		return title + " " + j.version + " is not pinned any more.", err
	case VerbExport:
		saved, err := s.cache.Export(ctx, name, j.version)
		return "Exported as " + saved + ": look among the browser's downloads.", err
	case VerbRemove:
		err = s.cache.Evict(ctx, name)
		return title + " was removed from this device.", err
	case VerbImport:
		list, err := s.cache.Import(ctx, file, tell)
		return s.imported(list), err
	case VerbPersist:
		granted, err := s.cache.Persist(ctx)
		return persisted(granted), err
	}
	return "", err
}

// refreshed compares what is stored with what was stored before.
func (s *Stock) refreshed(ctx context.Context, name, title string, before []string) string {
	for _, v := range s.now(ctx, name) {
		if !slices.Contains(before, v.Model.Version) {
			return title + ": version " + v.Model.Version + " has arrived."
		}
	}
	return title + ": nothing newer, it is up to date."
}

func (s *Stock) rolledBack(ctx context.Context, name, title string) string {
	if e := current(s.now(ctx, name)); e != nil {
		return title + ": went back to version " + e.Model.Version + "."
	}
	return title + ": went back to the version before."
}

// now reads the versions of a model. Without an answer there is nothing to compare.
func (s *Stock) now(ctx context.Context, name string) []message.CacheEntry {
	list, _ := s.cache.List(ctx)
	return of(list, name)
}

// versions lists what is known to be stored of a model.
func (s *Stock) versions(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range of(s.entries, name) {
		out = append(out, e.Model.Version)
	}
	return out
}

func verified(v message.Verified) string {
	whole := "all " + count(v.Chunks, "piece", "pieces") + " (" + size(v.Bytes) + ") are as they should be."
	if v.Chunks == 1 {
		whole = "its one piece (" + size(v.Bytes) + ") is as it should be."
	}
	switch bad := v.Corrupt + v.Missing; {
	case bad == 0:
		return whole
	case v.Repaired == bad:
		return count(bad, "piece was", "pieces were") + " damaged or missing and came anew from the registry."
	default:
		return count(bad-v.Repaired, "piece is", "pieces are") + " damaged or missing. The next use with a network fetches only that."
	}
}

// imported names what a file held.
func (s *Stock) imported(list []message.CacheEntry) string {
	if len(list) == 0 {
		return "The file held nothing that was not stored already."
	}
	out := "Imported "
	for i, e := range list {
		if i > 0 {
			out += ", "
		}
		out += s.title(e.Model.Name) + " " + e.Model.Version
	}
	return out + "."
}

func persisted(granted bool) string {
	if granted {
		return "The browser promises to keep the models, also when room gets short."
	}
	return "The browser made no promise. It may change its mind when this page is installed or used often."
}
