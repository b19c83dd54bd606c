package service

import "strings"

// route leads from a method and a path to a handler. In a pattern {m} and {v}
// stand for a model and a version.
type route struct {
	method  string
	pattern []string
	handle  handler
}

// routes is the table of everything that the service answers. Model paths exist
// with and without /versions/{v}.
func routes() []route {
	rs := []route{
		{"GET", []string{"v2"}, serverMetadata},
		{"GET", []string{"v2", "health", "live"}, live},
		{"GET", []string{"v2", "health", "ready"}, ready},
	}
	for _, of := range [][]string{{"v2", "models", "{m}"}, {"v2", "models", "{m}", "versions", "{v}"}} {
		at := func(last ...string) []string { return append(append([]string{}, of...), last...) }
		rs = append(rs,
			route{"GET", at(), modelMetadata},
			route{"GET", at("ready"), modelReady},
			route{"POST", at("infer"), infer},
			route{"POST", at("classify"), classify},
		)
	}
	return rs
}

// split returns the parts of a path, decoded; a slash at the end is ignored.
func split(path string) ([]string, error) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		var err error
		if parts[i], err = unescape(p); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func (r *route) match(parts []string) (p params, ok bool) {
	if len(parts) != len(r.pattern) {
		return p, false
	}
	for i, want := range r.pattern {
		switch want {
		case "{m}":
			p.model = parts[i]
		case "{v}":
			p.version = parts[i]
		case parts[i]:
		default:
			return p, false
		}
	}
	return p, true
}
