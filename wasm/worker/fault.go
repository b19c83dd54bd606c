package main

import (
	"context"
	"errors"

	"larder/cache"
	"larder/model"
	"larder/model/pack"
	"larder/model/pre"
	"larder/wasm/message"
)

// toMessage makes any error of the trees below a message: its code, a text for
// people, and what a program may want to know.
func toMessage(err error) *message.Error {
	var (
		own     *message.Error
		ofModel *model.Error
		image   *pre.ImageError
		spec    *pre.SpecError
		ofPack  *pack.Error
		ofCache *cache.Error
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &ofCache) && ofCache.Code != cache.Aborted && ofCache.Code != cache.Internal:
		return cacheFault(ofCache) // a connection that stalls is cancelled too, but not by the page
	case errors.Is(err, context.Canceled):
		return &message.Error{Code: message.CodeAborted, Message: "worker: the request was cancelled"}
	case ofCache != nil:
		return cacheFault(ofCache)
	case errors.As(err, &ofModel):
		return modelFault(ofModel)
	case errors.As(err, &image):
		return imageFault(image)
	case errors.As(err, &ofPack):
		return packFault(ofPack)
	case errors.As(err, &spec):
		return &message.Error{Code: message.CodeInvalidModel, Message: spec.Error()}
	}
	// A bare error of registry or store has a code too.
	return &message.Error{Code: string(cache.CodeOf(err)), Message: err.Error()}
}

func cacheFault(e *cache.Error) *message.Error {
	m := &message.Error{Code: string(e.Code), Message: e.Error(), Detail: map[string]any{"model": e.Name, "version": e.Version}}
	if e.Need > 0 {
		m.Detail["need"], m.Detail["free"] = e.Need, e.Free
	}
	if len(e.Near) > 0 {
		m.Detail["near"] = texts(e.Near)
	}
	return m
}

func modelFault(e *model.Error) *message.Error {
	m := &message.Error{Code: string(e.Code), Message: e.Error()}
	if e.Node == "" && e.Op == "" {
		return m
	}
	m.Detail = map[string]any{"node": e.Node, "operator": e.Op, "opset": e.Opset, "inputs": texts(e.Inputs)}
	return m
}

// imageFault tells a file that is no good from one of a kind or size that Larder
// does not take.
func imageFault(e *pre.ImageError) *message.Error {
	code := message.CodeInvalidInput
	if e.Code == pre.TooLarge || e.Code == pre.Unsupported {
		code = message.CodeUnsupportedInput
	}
	return &message.Error{Code: code, Message: e.Error(), Detail: map[string]any{"reason": string(e.Code)}}
}

func packFault(e *pack.Error) *message.Error {
	code := message.CodeInvalidModel
	switch e.Code {
	case pack.NotFound:
		code = message.CodeNotFound
	case pack.Corrupt:
		code = message.CodeCorrupt
	}
	return &message.Error{Code: code, Message: e.Error(), Detail: map[string]any{"field": e.Field}}
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
