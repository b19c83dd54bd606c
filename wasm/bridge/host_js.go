//go:build js

package bridge

import (
	"sync"

	"github.com/hack-pad/safejs"
)

// class returns a function or constructor of the global scope, looked up once.
// It returns undefined if the host does not have it: using that is an error, and
// [has] asks first.
func class(name string) safejs.Value {
	classes.Lock()
	defer classes.Unlock()
	if v, ok := classes.m[name]; ok {
		return v
	}
	v, err := safejs.Global().Get(name)
	if err != nil {
		v = safejs.Undefined()
	}
	classes.m[name] = v
	return v
}

// The map is never larger than the number of names in this package.
var classes = struct {
	sync.Mutex
	m map[string]safejs.Value
}{m: map[string]safejs.Value{}}

// has reports whether the global scope has a function or constructor.
func has(name string) bool { return kindOf(class(name)) == safejs.TypeFunction }

// Foreign reports whether an address is of another origin than this program.
func Foreign(url string) bool {
	u, err := class("URL").New(url)
	if err != nil {
		return false
	}
	own, err := class("location").Get("origin")
	if err != nil {
		return false
	}
	theirs, err := u.Get("origin")
	return err == nil && text(theirs) != text(own)
}

// Is reports whether v is an instance of the named class of the host, such as
// "Blob" or "ImageData". It is false where the host has no such class.
func Is(v safejs.Value, name string) bool {
	if kindOf(v) != safejs.TypeObject || !has(name) {
		return false
	}
	is, err := v.InstanceOf(class(name))
	return err == nil && is
}

// ClassName returns the name of the class of v, such as "Blob", or its type, such
// as "number": for error texts.
func ClassName(v safejs.Value) string {
	if t := kindOf(v); t != safejs.TypeObject {
		return t.String()
	}
	c, err := v.Get("constructor")
	if err != nil {
		return "object"
	}
	name, err := c.Get("name")
	if err != nil || kindOf(name) != safejs.TypeString {
		return "object"
	}
	return text(name)
}

// integer reads a whole property; 0 if it is not there.
func integer(v safejs.Value, name string) int {
	p, err := v.Get(name)
	if err != nil || kindOf(p) != safejs.TypeNumber { // Int of anything else panics and recovers
		return 0
	}
	n, err := p.Int()
	if err != nil {
		return 0
	}
	return n
}

// Text reads a string property; "" if it is not there, or v is no object.
func Text(v safejs.Value, name string) string {
	if kindOf(v) != safejs.TypeObject {
		return ""
	}
	return property(v, name)
}

// property reads a string property; "" if it is not there.
func property(v safejs.Value, name string) string {
	p, err := v.Get(name)
	if err != nil || kindOf(p) != safejs.TypeString {
		return ""
	}
	return text(p)
}

// object makes a JavaScript object of the given fields, skipping null ones.
func object(fields map[string]any) (safejs.Value, error) {
	o, err := class("Object").New()
	if err != nil {
		return o, err
	}
	for k, v := range fields {
		if err := o.Set(k, v); err != nil {
			return o, err
		}
	}
	return o, nil
}
