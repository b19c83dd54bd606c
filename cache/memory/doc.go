// Package memory is the tier of the cache that keeps values: strongly while they are in
// use or within a budget of bytes, weakly beyond it.
//
//	in use          held by its leases, whatever the budget says
//	within budget   held by the tier; a policy chooses who stays
//	beyond it       weakly: found as long as somebody else holds the value, gone with it
//
// So a value in use is never taken away, and a dead one never stays. Every value that
// was put in leaves exactly once, with a [Removal] that says why. Values that cannot be
// held weakly (Value.Weak is nil) leave when the budget says so.
//
// Nothing polls: time limits are looked at when a key is asked for, and one timer lets
// go of what nobody asks for any more.
//
// The tier knows nothing of models, and values are any: the typed faces for programs
// are cache.Resource and cache.Data. Start reading at [Options], [Tier.Take] and [Lease].
package memory
