package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"strings"
	"syscall"
)

// notFound answers 404.
func (h *Handler) notFound(w *recorder, r *http.Request) {
	h.refuse(w, r, http.StatusNotFound, "not-found", "there is nothing at "+r.URL.Path)
}

// unreadable answers for a file that could not be opened or read. Only what is not there,
// or is no name of a file here, is 404: a client may remember that, and must not learn it
// from a host that is short of something. What the error says stays here: it may name folders.
func (h *Handler) unreadable(w *recorder, r *http.Request, err error) {
	var system syscall.Errno // os.Root's own refusals, such as a link out of it, are none
	switch {
	case errors.Is(err, fs.ErrPermission):
		h.refuse(w, r, http.StatusForbidden, "not-found", "this host may not read "+r.URL.Path)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG), !errors.As(err, &system):
		h.notFound(w, r)
	default:
		h.refuse(w, r, http.StatusServiceUnavailable, "internal", "this host cannot read "+r.URL.Path+" now; try again later")
	}
}

// failed answers with the error of Options.Before.
func (h *Handler) failed(w *recorder, r *http.Request, err error) {
	h.refuse(w, r, http.StatusInternalServerError, "internal", err.Error())
}

// refuse answers with an error: as JSON where a program asked (the registry, or a
// client that accepts JSON but not HTML), else as a small page.
func (h *Handler) refuse(w *recorder, r *http.Request, status int, code, message string) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	if h.wantsJSON(r) {
		body, _ := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}}) // strings always marshal
		send(w, "application/json", status, append(body, '\n'))
		return
	}
	title := http.StatusText(status)
	page := fmt.Sprintf("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"+
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>%d %s</title>\n<h1>%s</h1>\n<pre>%s</pre>\n<p><a href=\"%s\">Larder</a></p>\n</html>\n",
		status, title, title, html.EscapeString(message), html.EscapeString(h.opt.Base))
	send(w, "text/html; charset=utf-8", status, []byte(page))
}

// wantsJSON reports whether a refusal should be readable by a program.
func (h *Handler) wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.HasPrefix(r.URL.Path, h.opt.Base+"models/") ||
		strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}

// send writes one complete answer. net/http drops the body of a HEAD request.
func send(w *recorder, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
