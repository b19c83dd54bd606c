//go:build !js

package native_test

import (
	"larder/model/engine"
	"larder/model/engine/native"
)

// newHost returns the host under test: here, the plain twin in wazero.
func newHost() engine.Host { return native.New() }
