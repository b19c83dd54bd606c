package main

import (
	"strings"
	"time"

	"larder/cache"
	"larder/model"
	"larder/model/pack"
	"larder/model/tensor"
	"larder/wasm/message"
)

// describe tells a page what it may know about a model.
func (s *server) describe(n int, h *handle, source string) map[string]any {
	m := h.model
	m.described.Do(func() { m.describe(h.entry) })
	info := m.info
	info.Handle, info.Model, info.Source = n, s.current(h), source
	tree := info.Encode()
	for name, text := range m.told {
		tree[name] = text
	}
	return tree
}

// describe finds out what is the same for all handles of a model. What is long is written, so
// that a model that is there already is described at once.
func (m *loaded) describe(e *cache.Entry) {
	info := message.Info{
		Inputs:        describePorts(m.session.Inputs()),
		Outputs:       describePorts(m.session.Outputs()),
		Bytes:         m.bytes,
		Threads:       m.machine.threads,
		ThreadsReason: m.machine.reason,
		Engine:        m.machine.name,
	}
	if m.manifest != nil {
		info.Title, info.Task = m.manifest.Title, m.manifest.Task
		info.Manifest = strings.TrimPrefix(string(e.Manifest()), "\ufeff") // JSON.parse takes none
		describeLabels(&info, m.manifest)
	}
	m.told = map[string]written{}
	tree := info.Encode()
	for _, name := range []string{"inputs", "outputs", "labels", "manifest"} {
		m.told[name] = write(tree[name])
	}
	info.Inputs, info.Outputs, info.Labels, info.Manifest = nil, nil, nil, ""
	m.info = info
}

func describeLabels(info *message.Info, m *pack.Manifest) {
	for _, out := range m.Outputs {
		if len(out.Labels) == 0 {
			continue
		}
		info.UnknownThreshold = out.UnknownThreshold
		for _, l := range out.Labels {
			info.Labels = append(info.Labels, message.Label(l))
		}
		break // the classifier's output is the first with labels
	}
}

func describePorts(ports []model.Port) []message.Port {
	out := make([]message.Port, len(ports))
	for i, p := range ports {
		out[i] = message.Port{Name: p.Name, Optional: p.Optional}
		if p.DType != tensor.Undefined {
			out[i].Type = p.DType.String()
		}
		if p.DType.Composite() {
			out[i].Type = p.String()
			continue
		}
		if !p.Ranked {
			continue
		}
		out[i].Dims = []message.Dim{}
		for _, d := range p.Dims {
			out[i].Dims = append(out[i].Dims, message.Dim(d))
		}
	}
	return out
}

// describeEntry says which version a handle holds, as of now.
func describeEntry(e *cache.Entry, m *pack.Manifest) message.Version {
	var created time.Time
	if m != nil {
		created = m.Created
	}
	return message.Version{Name: e.Name, Version: e.Version, Digest: e.Digest.String(), Created: timestamp(created),
		Freshness: string(e.Freshness), CheckedAt: timestamp(e.CheckedAt), NextRefresh: timestamp(e.NextRefresh)}
}

// current is what a handle holds, as of now: it grows older while a page holds it.
func (s *server) current(h *handle) message.Version {
	v := s.age(h.version)
	if h.entry != nil && v.Freshness != message.Stale {
		v.Freshness = string(h.entry.Now().Freshness)
	}
	return v
}

// age brings the age of a version up to date.
func (s *server) age(v message.Version) message.Version {
	now := s.now()
	if created, err := time.Parse(time.RFC3339, v.Created); err == nil {
		v.AgeSeconds = max(0, now.Sub(created).Truncate(time.Second).Seconds())
	}
	return v
}

func (s *server) describeInfo(i *cache.Info) message.CacheEntry {
	return message.CacheEntry{
		Model: s.age(message.Version{Name: i.Name, Version: i.Version, Digest: i.Digest.String(), Created: i.Created,
			Freshness: string(i.Freshness), CheckedAt: timestamp(i.CheckedAt), NextRefresh: timestamp(i.NextRefresh)}),
		Bytes: i.Bytes, Committed: timestamp(i.CommittedAt), Used: timestamp(i.UsedAt),
		Pinned: i.Pinned, Selectors: i.Selectors, InUse: i.InUse, Hits: i.Hits, URL: i.URL,
	}
}

func describeEvent(e cache.Event) message.CacheEvent {
	return message.CacheEvent{Kind: string(e.Kind), Time: timestamp(e.Time), Name: e.Name, Version: e.Version,
		Bytes: e.Bytes, Code: string(e.Code), Message: e.Message, Elsewhere: e.Elsewhere}
}

// timestamp writes a time for a message; the zero time is "".
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
