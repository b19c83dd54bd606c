package state

import (
	"context"

	"larder/wasm/message"
)

// fakeCache is the double of larder.cache: every call waits for the test's answer, as
// those of rig do.
type fakeCache struct {
	rig    *rig
	listen func(message.CacheEvent)
}

func (c *fakeCache) List(ctx context.Context) ([]message.CacheEntry, error) {
	v, err := c.rig.wait(ctx, "list", nil)
	list, _ := v.([]message.CacheEntry)
	return list, err
}

// figures is what a test answers Stats with.
type figures struct {
	stats message.CacheStats
	room  message.Room
}

func (c *fakeCache) Stats(ctx context.Context) (message.CacheStats, message.Room, error) {
	v, err := c.rig.wait(ctx, "stats", nil)
	f, _ := v.(figures)
	return f.stats, f.room, err
}

func (c *fakeCache) Download(ctx context.Context, name string, onward func(message.Progress)) error {
	_, err := c.rig.wait(ctx, "download "+name, onward)
	return err
}

func (c *fakeCache) Refresh(ctx context.Context, name string, onward func(message.Progress)) error {
	_, err := c.rig.wait(ctx, "refresh "+name, onward)
	return err
}

func (c *fakeCache) Pin(ctx context.Context, name, version string, pinned bool) error {
	what := "unpin "
	if pinned {
		what = "pin "
	}
	_, err := c.rig.wait(ctx, what+name+"@"+version, nil)
	return err
}

func (c *fakeCache) Rollback(ctx context.Context, name string) error {
	_, err := c.rig.wait(ctx, "rollback "+name, nil)
	return err
}

func (c *fakeCache) Verify(ctx context.Context, name string, onward func(message.Progress)) (message.Verified, error) {
	v, err := c.rig.wait(ctx, "verify "+name, onward)
	found, _ := v.(message.Verified)
	return found, err
}

func (c *fakeCache) Evict(ctx context.Context, name string) error {
	_, err := c.rig.wait(ctx, "evict "+name, nil)
	return err
}

func (c *fakeCache) Export(ctx context.Context, name, version string) (string, error) {
	v, err := c.rig.wait(ctx, "export "+name+"@"+version, nil)
	saved, _ := v.(string)
	return saved, err
}

func (c *fakeCache) Import(ctx context.Context, _ any, onward func(message.Progress)) ([]message.CacheEntry, error) {
	v, err := c.rig.wait(ctx, "import", onward)
	list, _ := v.([]message.CacheEntry)
	return list, err
}

func (c *fakeCache) Persist(ctx context.Context) (bool, error) {
	v, err := c.rig.wait(ctx, "persist", nil)
	granted, _ := v.(bool)
	return granted, err
}

func (c *fakeCache) On(listen func(message.CacheEvent)) { c.listen = listen }
