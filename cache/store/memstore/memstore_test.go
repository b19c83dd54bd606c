package memstore_test

import (
	"testing"

	"larder/cache/store"
	"larder/cache/store/memstore"
	"larder/cache/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		db := memstore.NewDatabase(0)
		return func() (store.Store, error) { return db.Open(), nil }
	})
}

func TestQuota(t *testing.T) {
	s := memstore.NewDatabase(100).Open()
	storetest.Full(t, s, 101)
}
