package policy

// Default returns the policy that the cache takes for models and for predictions: LRU.
// On the traces of models in TABLE.md it saves most, because whoever has loaded a model
// soon loads it again, and because what makes the others better elsewhere, thousands of
// entries whose frequencies can be told apart, does not exist among fifty models.
func Default() Policy { return NewLRU() }

// Sized returns the policy for many values of different sizes: GDSF, which is the best
// in TABLE.md wherever sizes differ and requests are independent of each other.
func Sized() Policy { return NewGDSF() }
