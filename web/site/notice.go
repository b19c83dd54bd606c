package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// noticeFile holds the licence texts of everything that is shipped.
const noticeFile = "NOTICE.txt"

// module is third-party code that is part of a program.
type module struct {
	Path, Version, Dir string
	Main               bool
}

// addNotices writes NOTICE.txt: Larder's own licence, that of Go, whose runtime is
// in every program, and those of the modules that the programs link.
func (b *builder) addNotices(ctx context.Context) error {
	var out bytes.Buffer
	out.WriteString("This is made with Larder and contains the software below, each under its own licence.\n" +
		"The models' licences are beside the models.\n")
	own, err := licenceTexts(b.Root)
	if err != nil {
		return err
	}
	writeNotice(&out, "Larder", own)
	goText, err := goLicence(ctx, b.Root)
	if err != nil {
		return err
	}
	writeNotice(&out, "Go (runtime, standard library and wasm_exec.js)", goText)
	modules, err := linkedModules(ctx, b.Root, b.programs)
	if err != nil {
		return err
	}
	for _, m := range modules {
		text, err := licenceTexts(m.Dir)
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Path, m.Version, err)
		}
		writeNotice(&out, m.Path+" "+m.Version, text)
	}
	b.site[noticeFile] = out.Bytes()
	return nil
}

// linkedModules lists the modules that the programs link, sorted by path.
func linkedModules(ctx context.Context, root string, programs []program) ([]module, error) {
	args := []string{"list", "-deps", "-json=Module"}
	for _, p := range programs {
		args = append(args, p.pkg)
	}
	text, err := runGo(ctx, root, []string{"GOOS=js", "GOARCH=wasm"}, args...)
	if err != nil {
		return nil, err
	}
	return decodeModules(strings.NewReader(text))
}

// decodeModules reads the output of `go list -json=Module`.
func decodeModules(r io.Reader) ([]module, error) {
	seen := map[string]module{}
	decoder := json.NewDecoder(r)
	for {
		var pkg struct{ Module *module }
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if pkg.Module != nil && !pkg.Module.Main {
			seen[pkg.Module.Path] = *pkg.Module
		}
	}
	out := []module{}
	for _, m := range seen {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// licenceTexts joins the licence and notice files of a folder.
func licenceTexts(dir string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	for _, entry := range entries {
		if entry.IsDir() || !isLicence(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, bytes.TrimSpace(text))
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s has no licence file: code without one must not be shipped", dir)
	}
	return bytes.Join(texts, []byte("\n\n")), nil
}

// isLicence reports whether a file's name says that it holds licence terms.
func isLicence(name string) bool {
	upper := strings.ToUpper(name)
	for _, word := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE"} {
		if strings.HasPrefix(upper, word) {
			return true
		}
	}
	return false
}

// goLicence returns the licence of the Go toolchain. Debian's packages keep it
// outside of GOROOT.
func goLicence(ctx context.Context, root string) ([]byte, error) {
	goroot, err := goRoot(ctx, root)
	if err != nil {
		return nil, err
	}
	text, err := licenceTexts(goroot)
	if err == nil {
		return text, nil
	}
	debian, _ := filepath.Glob("/usr/share/doc/golang-*/copyright") // the pattern is well-formed
	if len(debian) > 0 {
		return os.ReadFile(debian[len(debian)-1])
	}
	return nil, err
}

// writeNotice adds one section.
func writeNotice(out *bytes.Buffer, title string, text []byte) {
	fmt.Fprintf(out, "\n%s\n%s\n%s\n\n%s\n", strings.Repeat("=", 78), title, strings.Repeat("=", 78), bytes.TrimSpace(text))
}
