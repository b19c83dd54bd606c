package cache_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"larder/cache"
	"larder/cache/codec"
	"larder/cache/registry/httpfetch"
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

// Predictions: who asks the same again within five minutes gets the same answer.
func ExampleMemo() {
	memo := cache.NewMemo(cache.MemoOptions{})
	predict := func(photo string) string {
		key := cache.MemoKey{Session: "tab 1", Model: "digest of leaf 2.0.0", Input: sha256.Sum256([]byte(photo))}
		if answer, ok := memo.Get(key); ok {
			return answer.(string) + ", remembered"
		}
		answer := "healthy" // by the model
		memo.Put(key, answer, int64(len(answer)))
		return answer
	}
	fmt.Println(predict("a photo"))
	fmt.Println(predict("a photo"))
	memo.Forget("tab 1") // it has learned something
	fmt.Println(predict("a photo"))
	// Output:
	// healthy
	// healthy, remembered
	// healthy
}

// Models of a registry: downloaded once, verified, then served from here.
func ExampleCache() {
	ctx := context.Background()
	server := registryOnThisMachine()
	defer server.Close()
	registry, err := httpfetch.New(server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	larder, err := cache.New(cache.Options{Registry: registry, Store: memstore.New()}) // or filestore.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer larder.Close()
	for range 2 {
		leaf, err := larder.Get(ctx, "leaf", "^1", nil)
		if err != nil {
			fmt.Println(cache.CodeOf(err), err)
			return
		}
		file, err := leaf.File(ctx, "model.onnx", nil)
		if err != nil {
			fmt.Println(cache.CodeOf(err), err)
			return
		}
		fmt.Println(leaf.Name, leaf.Version, "from", leaf.Source, leaf.Freshness, file.Size(), "bytes, again in", leaf.NextRefresh.Sub(leaf.CheckedAt))
		leaf.Release()
	}
	_, err = larder.Get(ctx, "laef", "", nil)
	fmt.Println(cache.CodeOf(err), err.(*cache.Error).Near)
	// Output:
	// leaf 1.2.0 from registry fresh 9 bytes, again in 1h0m0s
	// leaf 1.2.0 from memory fresh 9 bytes, again in 1h0m0s
	// not-found [leaf]
}

// registryOnThisMachine serves one model, as any static host does.
func registryOnThisMachine() *httptest.Server {
	weights := sha256.Sum256([]byte("a network"))
	sum := hex.EncodeToString(weights[:])
	files := map[string]string{
		"/index.json": `{"schema":1,"models":{"leaf":{"versions":["1.2.0"],"aliases":{"latest":"1.2.0"}}}}`,
		"/leaf/1.2.0/manifest.json": `{"schema":1,"name":"leaf","version":"1.2.0","freshness":{"ttlSeconds":3600},
			"files":[{"path":"model.onnx","role":"model","bytes":9,"sha256":"` + sum + `","chunks":[{"bytes":9,"sha256":"` + sum + `"}]}]}`,
		"/leaf/1.2.0/model.onnx": "a network",
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, r.URL.Path, time.Time{}, strings.NewReader(files[r.URL.Path]))
	}))
}
