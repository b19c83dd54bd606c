// Package vugudom extracts the script with which Vugu changes the page, so that
// the site can ship it as a file.
//
// Vugu hands the script to eval at start, which a Content-Security-Policy without
// 'unsafe-eval' forbids. The page loads the extracted file instead, and its boot
// script answers Vugu's one call of eval with nothing.
//
// The extracted script differs from Vugu's in two respects. It leaves alone what
// is already as it should be: Vugu writes every attribute and text anew on each
// render, which makes screen readers read live regions again, starts the loading
// of pictures again, and replaces the nodes of the static page. And an event
// carries the few properties that handlers here use: Vugu copies every primitive
// property of the event and its target, the markup inside the target included.
// [Script] refuses a script in which it does not find exactly the places that it
// knows.
//
// The package is for the site builder; it needs the go command.
package vugudom

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// constant is the name under which Vugu keeps the script.
const constant = "jsHelperScript"

// Extract returns the script of the Vugu that the module in root requires.
func Extract(ctx context.Context, root string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/vugu/vugu")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	dir, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("vugudom: go list: %w: %s", err, stderr.Bytes())
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "domrender", "renderer-js-script.go")
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("vugudom: %w", err)
	}
	return Script(source)
}

// Script returns the script that the Go source declares, with the changes that
// the package's comment names.
func Script(source []byte) ([]byte, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "renderer-js-script.go", source, 0)
	if err != nil {
		return nil, fmt.Errorf("vugudom: %w", err)
	}
	script, err := find(file)
	if err != nil {
		return nil, err
	}
	for _, w := range changes {
		if n := strings.Count(script, w.old); n != w.count {
			return nil, fmt.Errorf("vugudom: the script has %d times %q, want %d: this is another version of Vugu, revise package vugudom", n, w.old, w.count)
		}
		script = strings.ReplaceAll(script, w.old, w.new)
	}
	return []byte(script + ";\n"), nil
}

// changes are places in the script, and what takes their place. A write compares
// with what is there: nothing is remembered that could be out of date.
var changes = []struct {
	old, new string
	count    int
}{
	{"e.setAttribute(t,n),x.elAttrNames", "e.getAttribute(t)===n||e.setAttribute(t,n),x.elAttrNames", 1},
	{"x.el.textContent=e", "x.el.textContent===e||(x.el.textContent=e)", 2},
	{`x.el.innerHTML=(x.bufferedInnerHTML||"")+e,`, `e=(x.bufferedInnerHTML||"")+e,x.el.innerHTML===e||(x.el.innerHTML=e),`, 1},
	{"for(let e in i)try", `for(let e of["type","key","ctrlKey","metaKey","shiftKey","altKey"])try`, 1},
	{"for(let t in e)try{let n=typeof e[t]", `for(let t of["id","value","checked"])try{let n=typeof e[t]`, 1},
}

// find returns the value of the constant.
func find(file *ast.File) (string, error) {
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST {
			continue
		}
		for _, s := range decl.Specs {
			spec := s.(*ast.ValueSpec)
			if len(spec.Names) != 1 || spec.Names[0].Name != constant || len(spec.Values) != 1 {
				continue
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				return strconv.Unquote(lit.Value)
			}
		}
	}
	return "", fmt.Errorf("vugudom: no string constant %s", constant)
}
