package message

// Index is the result of [MethodIndex]: what the registry offers.
type Index struct {
	Default string // the model to show first; may be empty
	Stale   bool   // whether it comes from storage because the registry did not answer
	Models  []IndexModel
}

// TaskPictures is the task of a model that says what pictures show.
const TaskPictures = "image-classification"

// IndexModel is one model of an [Index].
type IndexModel struct {
	Name     string
	Title    string
	Task     string            // what it does, such as "image-classification"; may be empty
	Versions []string          // oldest first
	Aliases  map[string]string // alias to version
}

// Encode returns the index as a message tree.
func (x Index) Encode() map[string]any {
	return map[string]any{"default": orNull(x.Default), "stale": x.Stale, "models": encodeEach(len(x.Models), func(i int) map[string]any { return x.Models[i].Encode() })}
}

// Encode returns the model as a message tree.
func (m IndexModel) Encode() map[string]any {
	aliases := make(map[string]any, len(m.Aliases))
	for k, v := range m.Aliases {
		aliases[k] = v
	}
	return map[string]any{"name": m.Name, "title": m.Title, "task": m.Task, "versions": anys(m.Versions), "aliases": aliases}
}

// DecodeIndex reads an index.
func DecodeIndex(v any) (Index, error) {
	var err error
	f := open("index", v, &err)
	x := Index{Default: f.text("default", maxName), Stale: f.flag("stale"), Models: each(f, "models", maxList, decodeIndexModel)}
	return x, err
}

func decodeIndexModel(f fields) IndexModel {
	m := IndexModel{Name: f.must("name", maxName), Title: f.text("title", maxText), Task: f.text("task", maxText),
		Versions: f.texts("versions", maxList, maxName), Aliases: map[string]string{}}
	if !f.has("aliases") {
		return m
	}
	aliases := f.object("aliases")
	if len(aliases.m) > maxPorts {
		f.fail("aliases", "has %d entries, more than %d", len(aliases.m), maxPorts)
		return m
	}
	for name := range aliases.m {
		m.Aliases[name] = aliases.must(name, maxName)
	}
	return m
}
