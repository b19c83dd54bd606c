package policy

// All lists the policies: name and constructor.
var All = []struct {
	Name string
	New  func() Policy
}{
	{"lru", NewLRU},
	{"sieve", NewSieve},
	{"s3fifo", NewS3FIFO},
	{"gdsf", NewGDSF},
	{"tinylfu", NewTinyLFU},
}
