package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"larder/cache/store"
)

func TestParseDigest(t *testing.T) {
	good := strings.Repeat("0f", 32)
	d, err := store.ParseDigest(good)
	if err != nil || d.String() != good {
		t.Fatal(d, err)
	}
	for _, s := range []string{"", good[1:], good + "0", strings.ToUpper(good), "g" + good[1:], " " + good[1:], strings.Repeat("é", 32)} {
		if _, err := store.ParseDigest(s); err == nil {
			t.Errorf("%q: no error", s)
		}
	}
}

func TestCodeOf(t *testing.T) {
	quota := &store.Error{Code: store.Quota, Op: "put", Key: "k", Err: errors.New("full")}
	for _, c := range []struct {
		err  error
		want store.Code
	}{
		{nil, ""},
		{quota, store.Quota},
		{fmt.Errorf("loading: %w", quota), store.Quota},
		{context.Canceled, store.Aborted},
		{&store.Error{Code: store.Aborted, Err: context.DeadlineExceeded}, store.Aborted},
		{errors.New("x"), store.Internal},
	} {
		if got := store.CodeOf(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	if got := quota.Error(); got != `store: put "k": quota: full` {
		t.Error(got)
	}
}

func TestMilli(t *testing.T) {
	at := time.Date(2026, 11, 21, 1, 2, 3, 456_789_000, time.UTC)
	if got := store.FromMilli(store.Milli(at)); !got.Equal(at.Truncate(time.Millisecond)) {
		t.Error(got)
	}
	if !store.FromMilli(store.Milli(time.Time{})).IsZero() {
		t.Error("the zero time must stay zero")
	}
}

func TestRecordBytes(t *testing.T) {
	r := store.Record{Chunks: []store.Ref{{Digest: store.Digest{1}, Size: 5}, {Digest: store.Digest{2}, Size: 7}, {Digest: store.Digest{1}, Size: 5}}}
	if r.Bytes() != 12 || len(r.Digests()) != 2 {
		t.Error(r.Bytes(), r.Digests())
	}
}
