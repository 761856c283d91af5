package web_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/broked/broked/web"
)

func TestBuiltTellsWhetherIndexIsEmbedded(t *testing.T) {
	t.Parallel()
	_, err := fs.ReadFile(web.Files(), "index.html")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("reading index.html: %v", err)
	}
	if got, want := web.Built(), err == nil; got != want {
		t.Errorf("Built() = %t, while index.html embedded is %t", got, want)
	}
}

func TestFilesAreRootedAtDist(t *testing.T) {
	t.Parallel()
	if _, err := fs.Stat(web.Files(), "dist"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Files() still has the folder dist in front: %v", err)
	}
	if _, err := fs.Stat(web.Files(), ".gitkeep"); err != nil {
		t.Errorf("the placeholder that keeps a fresh clone building is gone: %v", err)
	}
}
