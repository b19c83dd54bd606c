package wasm

// The operators of Int on variables, so that an emitter need not write Value.

// Add is Value().Add.
func (v IntVar) Add(b Int) Int { return v.Value().Add(b) }

// Sub is Value().Sub.
func (v IntVar) Sub(b Int) Int { return v.Value().Sub(b) }

// Mul is Value().Mul.
func (v IntVar) Mul(b Int) Int { return v.Value().Mul(b) }

// Div is Value().Div.
func (v IntVar) Div(b Int) Int { return v.Value().Div(b) }

// Rem is Value().Rem.
func (v IntVar) Rem(b Int) Int { return v.Value().Rem(b) }

// And is Value().And.
func (v IntVar) And(b Int) Int { return v.Value().And(b) }

// Or is Value().Or.
func (v IntVar) Or(b Int) Int { return v.Value().Or(b) }

// Not is Value().Not.
func (v IntVar) Not() Int { return v.Value().Not() }

// MinS is Value().MinS.
func (v IntVar) MinS(b Int) Int { return v.Value().MinS(b) }

// MaxS is Value().MaxS.
func (v IntVar) MaxS(b Int) Int { return v.Value().MaxS(b) }

// Shl is Value().Shl.
func (v IntVar) Shl(n int) Int { return v.Value().Shl(n) }

// Shr is Value().Shr.
func (v IntVar) Shr(n int) Int { return v.Value().Shr(n) }

// Lt is Value().Lt.
func (v IntVar) Lt(b Int) Int { return v.Value().Lt(b) }

// LtS is Value().LtS.
func (v IntVar) LtS(b Int) Int { return v.Value().LtS(b) }

// Ge is Value().Ge.
func (v IntVar) Ge(b Int) Int { return v.Value().Ge(b) }

// Eq is Value().Eq.
func (v IntVar) Eq(b Int) Int { return v.Value().Eq(b) }

// Ne is Value().Ne.
func (v IntVar) Ne(b Int) Int { return v.Value().Ne(b) }

// Min is Value().Min.
func (v IntVar) Min(b Int) Int { return v.Value().Min(b) }

// Load is Value().Load.
func (v IntVar) Load(off int) Int { return v.Value().Load(off) }
