package nodes

import (
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// pathColumn is the column in which a scan tells the path of its file. No file has
// a column called so.
const pathColumn = "broked: path of the file"

// filePart is some of the files of a source, which have the same columns.
type filePart struct {
	files   []string
	columns []node.Column
	picks   []string // how each column comes from the scan
	scan    string
	head    string // a scan for the first rows, or empty
}

// extraColumn is a column that comes from the path of a file.
type extraColumn struct {
	name string
	typ  columnType
	text string // the expression of its text
}

// pattern returns the files that are wanted. The folder of partitions stands for
// all files in it.
func (s *sourceFile) pattern() string {
	if s.Hive && filepath.Ext(s.Path) == "" && !strings.ContainsAny(s.Path, "*?[") {
		return filepath.Join(s.Path, "**", "*")
	}
	return s.Path
}

// naming returns the option of a scan that tells the paths, if they are needed.
func (s *sourceFile) naming() string {
	if len(s.extras) == 0 {
		return ""
	}
	return ", filename=" + sqltext.Text(pathColumn)
}

// fromPaths finds the columns that the paths of the files have in them.
func (s *sourceFile) fromPaths(files []string) ([]extraColumn, error) {
	var extras []extraColumn
	if s.Hive {
		var err error
		if extras, err = s.fromFolders(files); err != nil {
			return nil, err
		}
	}
	if s.Filename != "" {
		extras = append(extras, extraColumn{name: s.Filename, typ: columnType{sql: "VARCHAR"}, text: "parse_filename(" + sqltext.Ident(pathColumn) + ")"})
	}
	return extras, nil
}

// fromFolders finds the columns that folders called column=value have in them.
func (s *sourceFile) fromFolders(files []string) ([]extraColumn, error) {
	var extras []extraColumn
	first, guesses := partitions(files[0]), map[string]*guess{}
	for _, file := range files {
		of := partitions(file)
		if !slices.EqualFunc(of, first, func(a, b partition) bool { return a.column == b.column }) {
			return nil, fault.New(fault.Invalid, "%s lies in other partitions than %s: all folders must be for the same columns, in the same order", file, files[0]).With("columns_differ")
		}
		for _, p := range of {
			if guesses[p.column] == nil {
				guesses[p.column] = &guess{}
			}
			if !p.null {
				guesses[p.column].see([]byte(p.value))
			}
		}
	}
	if len(first) == 0 {
		return nil, settingFault("hive_partitioning", "there is no folder called column=value above %s: leave it out", filepath.Base(files[0]))
	}
	for _, p := range first {
		typ := guesses[p.column].best(files[0])
		if asked := s.Types[p.column]; asked != "" {
			typ = askedType(asked, defaultScale)
		}
		extras = append(extras, extraColumn{name: p.column, typ: typ, text: partitionText(p.column)})
	}
	return extras, nil
}

// partition is what a folder called column=value says.
type partition struct {
	column, value string
	null          bool
}

// noValue is how Hive and others call the folder of rows without a value.
const noValue = "__HIVE_DEFAULT_PARTITION__"

// partitionFolders returns those folders above a file that are partitions.
func partitionFolders(file string) string {
	folders := strings.Split(filepath.ToSlash(filepath.Dir(file)), "/")
	return filepath.Join(slices.DeleteFunc(folders, func(f string) bool { return !strings.Contains(f, "=") })...)
}

// partitions returns what the folders above a file say, from the top.
func partitions(file string) []partition {
	var all []partition
	for folder := range strings.SplitSeq(filepath.ToSlash(filepath.Dir(file)), "/") {
		column, value, is := strings.Cut(folder, "=")
		if !is || column == "" {
			continue
		}
		if plain, err := url.PathUnescape(column); err == nil {
			column = plain
		}
		p := partition{column: column, value: value, null: value == noValue}
		if plain, err := url.PathUnescape(value); err == nil {
			p.value = plain
		}
		all = append(all, p)
	}
	return all
}

// partitionText returns the expression for the text that the path of a file has
// for a column.
func partitionText(column string) string {
	path := sqltext.Ident(pathColumn)
	// Folders are compared whole and decoded, because a name may have anything in it.
	folders := "list_filter(string_split(" + path + ", '/'), lambda f: starts_with(url_decode(f), " + sqltext.Text(column+"=") + "))"
	value := "substr(url_decode(list_last(" + folders + ")), length(" + sqltext.Text(column+"=") + ") + 1)"
	return "nullif(" + value + ", " + sqltext.Text(noValue) + ")"
}

// united returns the rows of all parts, one after another, with what their paths
// say.
func (s *sourceFile) united(ctx context.Context, db node.DB, parts []filePart) (node.Relation, error) {
	rel := node.Relation{Rows: -1, Files: s.files}
	var scans, heads []string
	for _, p := range parts {
		picks := slices.Clone(p.picks)
		rel.Columns = slices.Clone(p.columns)
		for _, e := range s.extras {
			there := slices.ContainsFunc(p.columns, func(c node.Column) bool { return folded(c.Name) == folded(e.name) })
			switch {
			case there && e.name == s.Filename:
				return node.Relation{}, settingFault("filename", "%s has a column %q already: choose another name", filepath.Base(p.files[0]), e.name)
			case there:
				continue // the file says it itself
			}
			pick := e.text
			if !e.typ.isText() {
				pick = e.typ.cast(pick, e.name, p.files[0])
			}
			picks = append(picks, pick+" AS "+sqltext.Ident(e.name))
			rel.Columns = append(rel.Columns, node.Column{Name: e.name, Type: e.typ.sql})
		}
		pick := "SELECT " + strings.Join(picks, ", ") + " FROM "
		scans = append(scans, pick+p.scan)
		if p.head != "" {
			heads = append(heads, pick+p.head)
		}
	}
	rel.SQL, rel.Head = strings.Join(scans, " UNION ALL BY NAME "), strings.Join(heads, " UNION ALL BY NAME ")
	if len(parts) == 1 {
		return rel, nil
	}
	var err error
	if rel.Columns, err = db.Describe(ctx, "SELECT * FROM ("+rel.SQL+")"); err != nil {
		return node.Relation{}, err
	}
	// What the paths say stands behind the columns of all parts.
	slices.SortStableFunc(rel.Columns, func(a, b node.Column) int { return s.extraPlace(a.Name) - s.extraPlace(b.Name) })
	order := "SELECT " + sqltext.Idents(names(rel.Columns)) + " FROM ("
	rel.SQL = order + rel.SQL + ")"
	if rel.Head != "" {
		rel.Head = order + rel.Head + ")"
	}
	return rel, nil
}

// extraPlace orders the columns that come from paths behind the others.
func (s *sourceFile) extraPlace(column string) int {
	return 1 + slices.IndexFunc(s.extras, func(e extraColumn) bool { return e.name == column })
}
