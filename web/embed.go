// Package web holds the browser interface as it was built into the binary.
//
// The interface is a set of static files made by `npm run build` in this folder.
// A binary made without that step works and has no interface: see Built.
package web

import (
	"embed"
	"io/fs"
)

// dist needs the all: prefix because a fresh clone has nothing in it but .gitkeep.
//
//go:embed all:dist
var dist embed.FS

// Files returns the built interface, with index.html at its root when Built.
// The tree is read-only and may be used from several goroutines at once.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: the embedded folder dist is missing: " + err.Error()) // The embed directive above rules it out.
	}
	return files
}

// Built tells whether the interface was built before the binary was.
func Built() bool {
	_, err := fs.Stat(Files(), "index.html")
	return err == nil
}
