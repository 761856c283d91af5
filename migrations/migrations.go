// Package migrations is the history of the database's schema: numbered SQL
// files in the format of goose, one folder for each dialect. A file that has
// landed is never edited; a change is a new file.
package migrations

import "embed"

// FS holds the folders sqlite and postgres.
//
//go:embed sqlite/*.sql postgres/*.sql
var FS embed.FS
