package main

import (
	"context"
	"strconv"

	"larder/model"
	"larder/wasm/message"
)

// fromONNX makes a handle of the bytes of any ONNX file. It needs no open: there
// is no registry behind it.
func (s *server) fromONNX(ctx context.Context, c call) (result, error) {
	p, err := message.DecodeFromONNX(c.params)
	if err != nil {
		return result{}, err
	}
	src, digest, err := s.host.Source(ctx, p.Bytes)
	if err != nil {
		return result{}, err
	}
	tell := s.progress(c.id)
	asked := p.Threads
	if asked == 0 {
		if l, err := s.opened(); err == nil {
			asked = l.threads
		}
	}
	// Bare networks and versions of a registry never share a session: their
	// digests are of different things.
	key := "onnx:" + strconv.Itoa(asked) + ":" + digest
	if digest == "" { // nor do Blobs that were not hashed
		key = "onnx:blob:" + strconv.Itoa(c.id)
	}
	m, _, err := s.shelf.Take(ctx, key, func() (*loaded, error) {
		machine, err := s.host.Engine(ctx, asked)
		if err != nil {
			return nil, err
		}
		tell.Prepare("", 0, src.Size())
		session, err := model.Open(src, model.Options{Engine: machine.engine})
		src.Close()
		if err != nil {
			return nil, err
		}
		src.Attend(context.Background())
		tell.Prepare("", src.Size(), src.Size())
		return &loaded{session: session, machine: machine, bytes: src.Size()}, nil
	})
	if err != nil {
		return result{}, err
	}
	h := &handle{model: m, version: message.Version{Digest: digest, Freshness: message.Unknown}}
	return result{tree: s.describe(s.handles.Add(h), h, message.SourceBytes)}, nil
}
