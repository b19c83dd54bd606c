package main

import (
	"context"
	"encoding/hex"
	"fmt"

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
	data, sum, err := s.host.Bytes(ctx, p.Bytes)
	if err != nil {
		return result{}, err
	}
	digest := hex.EncodeToString(sum[:])
	tell := s.progress(c.id)
	asked := p.Threads
	if l, err := s.opened(); err == nil && asked == 0 {
		asked = l.threads
	}
	// Bare networks and versions of a registry never share a session: their
	// digests are of different things.
	key := fmt.Sprintf("onnx:%d:%s", asked, digest)
	m, _, err := s.shelf.Take(ctx, key, func() (*loaded, error) {
		machine, err := s.host.Engine(ctx, asked)
		if err != nil {
			return nil, err
		}
		tell.Prepare("", 0, int64(len(data)))
		session, err := model.Load(data, model.Options{Engine: machine.engine})
		if err != nil {
			return nil, err
		}
		tell.Prepare("", int64(len(data)), int64(len(data)))
		return &loaded{session: session, machine: machine, bytes: int64(len(data))}, nil
	})
	if err != nil {
		return result{}, err
	}
	h := &handle{model: m, version: message.Version{Digest: digest, Freshness: message.Unknown}}
	info := s.describe(s.handles.Add(h), h)
	info.Source = message.SourceBytes
	return result{tree: info.Encode()}, nil
}
