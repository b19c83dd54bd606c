// Package form brings Unicode's normal forms to programs outside a browser, which
// has them of its own. The tables are large; nothing that a page downloads may
// link this package.
package form

import "golang.org/x/text/unicode/norm"

// Normalize implements token.Form. A form that it does not know changes nothing.
func Normalize(form, text string) string {
	switch form {
	case "NFC":
		return norm.NFC.String(text)
	case "NFD":
		return norm.NFD.String(text)
	case "NFKC":
		return norm.NFKC.String(text)
	case "NFKD":
		return norm.NFKD.String(text)
	}
	return text
}
