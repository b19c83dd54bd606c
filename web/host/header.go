package host

import (
	"net/http"
	"path"
	"regexp"
	"strings"
)

// contentSecurityPolicy is what the page is written for: nothing from elsewhere,
// no inline code, no eval; WebAssembly may be compiled.
const contentSecurityPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; media-src 'self' blob:; " +
	"manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// permissionsPolicy gives the page the camera, for taking a photo, and nothing else.
const permissionsPolicy = "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()"

// setSecurity sets the headers that every answer carries. isolate adds the three
// that make the page cross-origin isolated, which shared memory needs.
func setSecurity(h http.Header, isolate bool) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Permissions-Policy", permissionsPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if isolate {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
	}
}

// types maps a file's extension to its media type. It is written out because the
// tables of operating systems differ, and call .ts a video.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".csv":         "text/csv; charset=utf-8",
	".gif":         "image/gif",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".jpeg":        "image/jpeg",
	".jpg":         "image/jpeg",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".md":          "text/markdown; charset=utf-8",
	".mjs":         "text/javascript; charset=utf-8",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".ts":          "text/plain; charset=utf-8",
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".webp":        "image/webp",
	".woff2":       "font/woff2",
}

// contentType returns the media type of a file; model files are plain bytes.
func contentType(name string) string {
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// hashed matches the assets whose name carries a hash of their content.
var hashed = regexp.MustCompile(`^assets/.+\.[0-9a-f]{8}\.[a-z0-9.]+$`)

// cacheControl lets hashed assets be kept for ever; everything else is kept but
// revalidated by its ETag each time.
func cacheControl(name string) string {
	if hashed.MatchString(name) {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}
