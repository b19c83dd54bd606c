package site

import (
	"context"
	"fmt"
	"os"
	"path"

	"larder/model/pack"
)

// addRegistry copies the model registry: the index and, per version, the manifest
// and the files that it lists, each verified. Anything else in the folder stays
// behind.
func (b *builder) addRegistry(context.Context) error {
	root, err := os.OpenRoot(b.Models)
	if err != nil {
		return fmt.Errorf("no model registry: %w (--models names its folder)", err)
	}
	defer root.Close()
	dir := pack.OpenDir(root.FS())
	index, err := dir.Index()
	if err != nil {
		return err
	}
	if err := b.copyDocument(root, pack.IndexFile); err != nil {
		return err
	}
	for _, model := range index.Models {
		for _, version := range model.Versions {
			if err := b.addVersion(root, dir, model.Name, version); err != nil {
				return err
			}
		}
	}
	return nil
}

// addVersion copies one version.
func (b *builder) addVersion(root *os.Root, dir *pack.Dir, name, version string) error {
	manifest, err := dir.Manifest(name, version)
	if err != nil {
		return err
	}
	if err := b.copyDocument(root, path.Join(name, version, pack.ManifestFile)); err != nil {
		return err
	}
	for _, file := range manifest.Files {
		content, err := dir.File(manifest, file.Path)
		if err != nil {
			return err
		}
		b.site[path.Join("models", name, version, file.Path)] = content
	}
	return nil
}

// copyDocument copies an index or a manifest byte for byte.
func (b *builder) copyDocument(root *os.Root, name string) error {
	content, err := root.ReadFile(name)
	b.site[path.Join("models", name)] = content
	return err
}
