package host

import "testing"

func TestNegotiate(t *testing.T) {
	both := []string{"br", "gzip"}
	for _, tt := range []struct {
		name      string
		fields    []string
		available []string
		want      string
	}{
		{"no field", nil, both, ""},
		{"empty field", []string{""}, both, ""},
		{"browser", []string{"gzip, deflate, br, zstd"}, both, "br"},
		{"two fields", []string{"gzip", "br"}, both, "br"},
		{"gzip only", []string{"gzip"}, both, "gzip"},
		{"old name of gzip", []string{"x-gzip"}, both, "gzip"},
		{"only what exists", []string{"br, gzip"}, []string{"gzip"}, "gzip"},
		{"nothing exists", []string{"br, gzip"}, nil, ""},
		{"weights", []string{"br;q=0.5, gzip;q=0.8"}, both, "gzip"},
		{"weight with spaces", []string{"br ; Q = 0.1 , gzip;q=0.2"}, both, "gzip"},
		{"refused", []string{"br;q=0, gzip"}, both, "gzip"},
		{"all refused", []string{"br;q=0, gzip;q=0.0"}, both, ""},
		{"star", []string{"*"}, both, "br"},
		{"star refuses the rest", []string{"gzip, *;q=0"}, both, "gzip"},
		{"star does not undo a refusal", []string{"br;q=0, *"}, both, "gzip"},
		{"identity preferred", []string{"identity, br;q=0.5"}, both, ""},
		{"identity refused", []string{"identity;q=0, gzip;q=0.1"}, both, "gzip"},
		{"identity loses a tie", []string{"identity;q=0.5, br;q=0.5"}, both, "br"},
		{"unknown coding", []string{"zstd"}, both, ""},
		{"upper case", []string{"BR"}, both, "br"},
		{"malformed weight", []string{"br;q=high, gzip"}, both, "gzip"},
		{"weight above one", []string{"br;q=2, gzip;q=0.1"}, both, "gzip"},
		{"not a number", []string{"br;q=NaN, gzip;q=0.1"}, both, "gzip"},
		{"other parameter", []string{"br;level=1, gzip"}, both, "gzip"},
		{"only commas", []string{",,;,"}, both, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := negotiate(tt.fields, tt.available); got != tt.want {
				t.Errorf("negotiate(%q, %q) = %q, want %q", tt.fields, tt.available, got, tt.want)
			}
		})
	}
}

func FuzzNegotiate(f *testing.F) {
	f.Add("gzip, br;q=0.5, *;q=0")
	f.Add(";q=;;=,\x00")
	f.Fuzz(func(t *testing.T, field string) {
		available := []string{"br", "gzip"}
		if got := negotiate([]string{field}, available); got != "" && got != "br" && got != "gzip" {
			t.Errorf("negotiate(%q) = %q, which does not exist", field, got)
		}
	})
}
