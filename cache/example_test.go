package cache_test

import (
	"context"
	"fmt"
	"time"

	"larder/cache"
	"larder/cache/codec"
	"larder/cache/store/memstore"
)

// Shared instances: made once, closed when the last user is done.
func ExampleResource() {
	ctx := context.Background()
	models := cache.NewResource(func(_ context.Context, name string) (*engine, error) {
		fmt.Println("loading", name)
		return &engine{name: name}, nil
	}, cache.ResourceOptions[string, *engine]{
		Limits:    cache.Limits{MaxEntries: 1},
		OnRelease: func(e *engine, why cache.Cause) { fmt.Println("closing", e.name, "because of", why) },
	})
	leaf, _ := models.Get(ctx, "leaf")
	again, _ := models.Get(ctx, "leaf")
	fmt.Println("the same instance:", leaf.Value == again.Value)
	moss, _ := models.Get(ctx, "moss") // leaf is in use, so it stays
	moss.Release()
	again.Release()
	leaf.Release()
	// Output:
	// loading leaf
	// the same instance: true
	// loading moss
	// closing moss because of size
}

// Values by copy, kept in a store, written back when the program says so.
func ExampleData() {
	ctx := context.Background()
	type forecast struct{ Degrees int }
	data := cache.NewData(func(_ context.Context, town string) (forecast, error) {
		fmt.Println("asking about", town)
		return forecast{Degrees: len(town)}, nil
	}, cache.DataOptions[string, forecast]{
		Limits:  cache.Limits{TTL: time.Hour, MaxBytes: 1 << 20},
		Codec:   codec.JSON[forecast](),
		Backing: cache.Documents(memstore.New(), "forecast "),
		Mode:    cache.WriteBack,
	})
	first, _ := data.Get(ctx, "Bern")
	first.Degrees = 99 // a copy
	second, _ := data.Get(ctx, "Bern")
	fmt.Println(second.Degrees)
	_ = data.Set(ctx, "Bern", forecast{Degrees: 7})
	waiting, _ := data.Unwritten()
	err := data.Flush(ctx) // when the page is hidden, say
	fmt.Println(waiting, err)
	// Output:
	// asking about Bern
	// 4
	// 1 <nil>
}
