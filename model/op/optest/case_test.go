package optest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime/debug"
	"time"

	"larder/model"
	"larder/model/onnx"
	"larder/model/tensor"
)

// hangs is how long a case may take before it counts as hanging. The slowest
// one takes about a second.
const hangs = 2 * time.Minute

// outcome is what became of a case.
type outcome int

const (
	pass outcome = iota
	fail
	unsupported
	skipped
)

// runCase runs one case and says what became of it, and why.
func runCase(files fs.FS, name string) (outcome, string) {
	type result struct {
		o   outcome
		why string
	}
	done := make(chan result, 1)
	ctx, cancel := context.WithTimeout(context.Background(), hangs)
	defer cancel()
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- result{fail, fmt.Sprintf("panic: %v\n%s", p, debug.Stack())}
			}
		}()
		o, why := judge(ctx, files, name)
		done <- result{o, why}
	}()
	select {
	case r := <-done:
		return r.o, r.why
	case <-ctx.Done():
		return fail, fmt.Sprintf("hangs for more than %v", hangs)
	}
}

// judge does the work of runCase.
func judge(ctx context.Context, files fs.FS, name string) (outcome, string) {
	err := check(ctx, files, name)
	var e *model.Error
	switch {
	case err == nil:
		return pass, ""
	case errors.As(err, &e) && e.Code == model.UnsupportedOperator:
		return unsupported, e.Error()
	case errors.As(err, &e):
		return fail, fmt.Sprintf("%s: %v", e.Code, e)
	}
	return fail, err.Error()
}

// check loads the model, runs it on the case's inputs and compares the outputs.
func check(ctx context.Context, files fs.FS, name string) error {
	data, err := fs.ReadFile(files, path.Join(name, "model.onnx"))
	if err != nil {
		return err
	}
	s, err := model.Load(data, model.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	feeds := map[string]*tensor.Tensor{}
	i := 0
	for _, p := range s.Inputs() {
		if p.Optional {
			continue // also an initializer: it has no file
		}
		t, err := readValue(files, name, "input", i, p)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		feeds[p.Name] = t
		i++
	}
	got, err := s.Run(ctx, feeds)
	if err != nil {
		return err
	}
	for i, p := range s.Outputs() {
		want, err := readValue(files, name, "output", i, p)
		if err != nil {
			return err
		}
		if err := equal(got[p.Name], want); err != nil {
			return fmt.Errorf("output %d, %q: %w", i, p.Name, err)
		}
	}
	return nil
}

// readValue reads what the port says it is.
func readValue(files fs.FS, name, kind string, i int, p model.Port) (*tensor.Tensor, error) {
	file := fmt.Sprintf("test_data_set_0/%s_%d.pb", kind, i)
	data, err := fs.ReadFile(files, path.Join(name, file))
	if err != nil {
		return nil, err
	}
	decode := map[tensor.DType]func([]byte) (*tensor.Tensor, error){tensor.Sequence: onnx.DecodeSequence, tensor.Optional: onnx.DecodeOptional}[p.DType]
	if decode == nil {
		decode = func(b []byte) (*tensor.Tensor, error) {
			t, err := onnx.DecodeTensor(b)
			if err != nil {
				return nil, err
			}
			return t.Data, nil
		}
	}
	t, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}
