//go:build js

package main

import (
	"time"

	"github.com/hack-pad/safejs"

	"larder/cache"
	"larder/wasm/bridge"
	"larder/wasm/message"
)

// tabs are the other tabs and workers of the origin that share the store. It
// implements cache.Peers.
type tabs struct{ channel bridge.Port }

// newPeers returns nil where the host has no channel: then what others do is found out
// when a version's time to live has ended.
func newPeers(models string) cache.Peers {
	channel, err := bridge.Broadcast("larder:cache " + models)
	if err != nil {
		return nil
	}
	return tabs{channel}
}

// Tell implements cache.Peers.
func (t tabs) Tell(e cache.Event) {
	_ = postFlat(t.channel, describeEvent(e).Encode()) // who hears nothing asks later
}

// Hear implements cache.Peers. A message that is no event is somebody else's.
func (t tabs) Hear(fn func(cache.Event)) func() {
	stop, err := t.channel.Listen(func(v safejs.Value) {
		tree, _, err := readMessage(v)
		if err != nil {
			return
		}
		if e, err := message.DecodeCacheEvent(tree); err == nil {
			go fn(eventOf(e))
		}
	})
	if err != nil {
		return func() {}
	}
	return stop
}

// eventOf is the reverse of describeEvent, but for the time: it was just now.
func eventOf(e message.CacheEvent) cache.Event {
	return cache.Event{Kind: cache.EventKind(e.Kind), Time: time.Now(), Name: e.Name, Version: e.Version,
		Bytes: e.Bytes, Code: cache.Code(e.Code), Message: e.Message}
}
