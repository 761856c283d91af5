package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
	"github.com/broked/broked/internal/xlsx"
)

// sourceFileSpec reads files.
var sourceFileSpec = node.Spec{
	Kind:     "source_file",
	Title:    "File",
	Summary:  "Read CSV, JSON, Parquet, Excel or XML files.",
	Category: node.Source,
	Icon:     "file-input",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "path", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Path", MinLen: 1, Format: node.FormatPath, Help: "A file, or a pattern such as orders/*.csv or orders/**/*.csv, in which ** stands for any number of folders. Several files are read one after another, in the order of their paths, and must have the same columns."}},
		{Name: "conn_id", Schema: node.Schema{Type: node.TypeString, Title: "Connection", Format: node.FormatConnection, Types: connection.Storage, Help: "The conn_id of a connection to where the files are: of the type s3, gcs, azure_blob or sftp. Left out, they are on the server's disk. With it the path is the key of an object, or a path on the server, and may be a pattern in the same way."}},
		{Name: "format", Schema: node.Schema{Type: node.TypeString, Title: "Format", Default: formatAuto, Enum: []string{formatAuto, formatCSV, formatTSV, formatJSON, formatNDJSON, formatParquet, formatExcel, formatXML}, Help: "Auto goes by the file's name. Files packed with gzip or zstd are unpacked."}},
		{Name: "header", Schema: node.Schema{Type: node.TypeBoolean, Title: "First line has the column names", Default: true}},
		{Name: "columns", Schema: node.Schema{Type: node.TypeArray, Title: "Column names", Items: &node.Schema{Type: node.TypeString, MinLen: 1}, Help: "For files without a header: the names of all columns, in order."}},
		{Name: "delimiter", Schema: node.Schema{Type: node.TypeString, Title: "Delimiter", MaxLen: 2, Help: "One character, or \\t for a tab. Left out, it is found in the first line."}},
		{Name: "quote", Schema: node.Schema{Type: node.TypeString, Title: "Quote", Default: `"`, MaxLen: 1, Help: "The character around values; empty when there is none."}},
		{Name: "encoding", Schema: node.Schema{Type: node.TypeString, Title: "Encoding", Default: "utf-8", Help: "Such as utf-8, windows-1252, iso-8859-1, utf-16 or shift_jis."}},
		{Name: "null_strings", Schema: node.Schema{Type: node.TypeArray, Title: "Empty values", Items: &node.Schema{Type: node.TypeString}, Help: "Texts that mean no value, such as NULL or N/A. An empty cell always does."}},
		{Name: "types", Schema: node.Schema{Type: node.TypeObject, Names: node.FormatColumn, Title: "Column types", Values: &node.Schema{Type: node.TypeString, Enum: typeNames}, Help: "Types of columns that should not be found from the data, such as text for a column of codes."}},
		{Name: "sheet", Schema: node.Schema{Type: node.TypeString, Title: "Sheet", Help: "Of Excel: the name of the sheet, or its number from 1. Left out, the first."}},
		{Name: "range", Schema: node.Schema{Type: node.TypeString, Title: "Range", Help: "Of Excel: the cells that are read, such as B2:F100, or B2 for all from there."}},
		{Name: "row", Schema: node.Schema{Type: node.TypeString, Title: "Row element", Help: "Of XML: the name of the elements that are rows. Left out, those that are there most often among the elements nearest to the root that repeat. Attributes and the elements inside are columns; those that are nested are called outer_inner."}},
		{Name: "union_by_name", Schema: node.Schema{Type: node.TypeBoolean, Title: "Files may have other columns", Default: false, Help: "Columns of several files are matched by their names, and a file that lacks one has no values there."}},
		{Name: "filename", Schema: node.Schema{Type: node.TypeString, Title: "Column of file names", Help: "The name of a column to add, which says the name of the file that a row comes from."}},
		{Name: "hive_partitioning", Schema: node.Schema{Type: node.TypeBoolean, Title: "Folders are partitions", Default: false, Help: "Folders called column=value give their rows that column. The path may then be the folder that has all of them."}},
	}},
	New: newSourceFile,
}

// sourceFile is a configured file source. Open finds the files, Select looks into
// them once, and Revise corrects what Select guessed.
type sourceFile struct {
	Path        string            `json:"path"`
	ConnID      string            `json:"conn_id"`
	Format      string            `json:"format"`
	Header      *bool             `json:"header"`
	Columns     []string          `json:"columns"`
	Delimiter   *string           `json:"delimiter"`
	Quote       *string           `json:"quote"`
	Encoding    string            `json:"encoding"`
	NullStrings []string          `json:"null_strings"`
	Types       map[string]string `json:"types"`
	Sheet       string            `json:"sheet"`
	Range       string            `json:"range"`
	Row         string            `json:"row"`
	UnionByName bool              `json:"union_by_name"`
	Filename    string            `json:"filename"`
	Hive        bool              `json:"hive_partitioning"`

	format string        // what the files are
	files  []string      // what is read: the files, or copies of them in UTF-8
	extras []extraColumn // that come from the files' paths
	csv    []*csvTable   // a table for files in a row that have the same columns
	whole  bool          // JSON: look at every value to find the types
}

func newSourceFile(config json.RawMessage) (node.Node, error) {
	s := &sourceFile{}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the file source are not readable")
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Format == formatAuto {
		s.Format = ""
	}
	if s.Format != "" {
		if err := s.onlyFor(s.Format); err != nil {
			return nil, err
		}
	}
	if s.ConnID != "" {
		return newFarSource(*s)
	}
	return s, nil
}

// check refuses settings that are wrong whatever the format.
func (s *sourceFile) check() error {
	if s.Header != nil && *s.Header && len(s.Columns) > 0 {
		return settingFault("columns", "are for files without a header: set header to false, or leave the names out")
	}
	if s.Delimiter != nil {
		if _, err := delimiterByte(*s.Delimiter); err != nil {
			return err
		}
	}
	if s.Quote != nil && len(*s.Quote) > 1 {
		return settingFault("quote", "must be one plain character")
	}
	if _, err := decoderOf(s.Encoding); err != nil {
		return err
	}
	if _, err := xlsx.ParseArea(s.Range); err != nil {
		return settingFault("range", "%s", fault.MessageOf(err))
	}
	return nil
}

// Open implements node.Opener.
func (s *sourceFile) Open(ctx context.Context, env node.Env) (node.Access, error) {
	found, err := env.Roots.Read(s.pattern())
	if err == nil {
		err = s.settle(ctx, env.Temp, found)
	}
	return node.Access{Reads: s.files}, err
}

// settle finds out what the files are that were found, and has them ready in a folder where
// they cannot be read as they are.
func (s *sourceFile) settle(ctx context.Context, temp string, found []string) (err error) {
	if s.extras, err = s.fromPaths(found); err != nil {
		return err
	}
	for _, path := range found {
		format, err := formatOf(path, s.Format)
		if err == nil && s.format != "" && s.format != format {
			err = fault.New(fault.Invalid, "%q matches files of several formats: %s is %s, %s is %s",
				s.Path, filepath.Base(found[0]), s.format, filepath.Base(path), format)
		}
		if err == nil {
			err = notEmpty(path)
		}
		if err != nil {
			return err
		}
		s.format = format
	}
	if err := s.onlyFor(s.format); err != nil {
		return err
	}
	s.files, err = s.inUTF8(ctx, temp, found)
	return err
}

// notEmpty refuses a file without anything in it.
func notEmpty(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return fault.New(fault.Invalid, "%s is empty: it has not even a line of column names", filepath.Base(path)).With("empty_file")
	}
	return nil
}

// onlyFor refuses settings that mean nothing for a format.
func (s *sourceFile) onlyFor(format string) error {
	for other, set := range map[string]map[string]bool{
		formatExcel: {"sheet": s.Sheet != "", "range": s.Range != ""},
		formatXML:   {"row": s.Row != ""},
	} {
		if format == other {
			continue
		}
		if err := refuseFor(map[string]string{formatExcel: "Excel", formatXML: "XML"}[other], set, format); err != nil {
			return err
		}
	}
	if format == formatCSV || format == formatTSV {
		return nil
	}
	if slices.Contains([]string{formatParquet, formatExcel, formatXML}, format) && !isUTF8(s.Encoding) {
		return settingFault("encoding", "is for text files: %s says itself what it is in", format)
	}
	set := map[string]bool{"delimiter": s.Delimiter != nil && *s.Delimiter != "", "quote": s.Quote != nil && *s.Quote != `"`, "null_strings": len(s.NullStrings) > 0}
	if format != formatExcel {
		set["header"], set["columns"] = s.Header != nil && !*s.Header, len(s.Columns) > 0
	}
	return refuse(set, format)
}

// Select implements node.Relational.
func (s *sourceFile) Select(ctx context.Context, env node.Env, _ []node.Relation) (node.Relation, error) {
	switch s.format {
	case formatCSV, formatTSV:
		return s.selectCSV(ctx, env.DB)
	case formatExcel, formatXML:
		if err := s.stage(ctx, env); err != nil {
			return node.Relation{}, err
		}
		return s.selectCSV(ctx, env.DB)
	case formatParquet:
		rel, err := s.selectTyped(ctx, env.DB, func(files []string) string {
			return "read_parquet([" + sqltext.Texts(files) + "], hive_partitioning=false" + s.naming() + ")"
		})
		if err != nil {
			return node.Relation{}, err
		}
		rel.Rows, err = parquetRows(ctx, env.DB, s.files)
		return rel, err
	}
	sample, kind := 20480, "auto"
	if s.whole {
		sample = -1
	}
	if s.format == formatNDJSON {
		kind = "newline_delimited"
	}
	return s.selectTyped(ctx, env.DB, func(files []string) string {
		return fmt.Sprintf("read_json([%s], format=%s, sample_size=%d, maximum_object_size=%d, hive_partitioning=false%s)",
			sqltext.Texts(files), sqltext.Text(kind), sample, maxLine, s.naming())
	})
}

// selectTyped returns the rows of files that carry their types themselves.
func (s *sourceFile) selectTyped(ctx context.Context, db node.DB, scan func(files []string) string) (node.Relation, error) {
	var parts []filePart
	var all []string
	for _, file := range s.files {
		columns, err := db.Describe(ctx, "SELECT * FROM "+scan([]string{file}))
		if err != nil {
			return node.Relation{}, err
		}
		columns = slices.DeleteFunc(columns, func(c node.Column) bool { return c.Name == pathColumn })
		if last := len(parts) - 1; last >= 0 && slices.Equal(names(parts[last].columns), names(columns)) {
			parts[last].files = append(parts[last].files, file)
			continue
		}
		if len(parts) > 0 && !s.UnionByName {
			return node.Relation{}, sameColumns(names(parts[0].columns), names(columns), s.files[0], file)
		}
		parts, all = append(parts, filePart{files: []string{file}, columns: columns}), append(all, names(columns)...)
	}
	if err := s.knownTypes(all); err != nil {
		return node.Relation{}, err
	}
	for k := range parts {
		p := &parts[k]
		p.scan = scan(p.files)
		p.picks = make([]string, len(p.columns))
		for i, c := range p.columns {
			p.picks[i] = sqltext.Ident(c.Name)
			if asked := s.Types[c.Name]; asked != "" {
				t := askedType(asked, defaultScale)
				p.columns[i].Type = t.sql
				p.picks[i] = t.cast("CAST("+p.picks[i]+" AS VARCHAR)", c.Name, p.files[0]) + " AS " + p.picks[i]
			}
		}
	}
	return s.united(ctx, db, parts)
}

// knownTypes refuses types of columns that are not there.
func (s *sourceFile) knownTypes(columns []string) error {
	for _, e := range s.extras {
		columns = append(columns, e.name)
	}
	for name := range s.Types {
		if !slices.Contains(columns, name) {
			return settingFault("types."+name, "there is no column %q%s; there are: %s", name, fault.DidYouMean(name, columns), strings.Join(columns, ", "))
		}
	}
	return nil
}

// Revise implements node.Reviser: a value further down in the file did not fit
// the type that the first rows had suggested.
func (s *sourceFile) Revise(ctx context.Context, env node.Env, failure error) (bool, error) {
	switch s.format {
	case formatCSV, formatTSV, formatExcel, formatXML:
		return s.reviseCSV(ctx, env.DB, failure)
	case formatParquet:
		return false, nil
	}
	guessed := !s.whole && fault.CodeOf(failure) == "bad_json_type"
	s.whole = s.whole || guessed
	return guessed, nil
}

func parquetRows(ctx context.Context, db node.DB, files []string) (int64, error) {
	count, err := db.Query(ctx, "SELECT CAST(sum(num_rows) AS BIGINT) FROM parquet_file_metadata(["+sqltext.Texts(files)+"])", 1)
	if err != nil {
		return -1, err
	}
	if rows, ok := count.Rows[0][0].(int64); ok {
		return rows, nil
	}
	return -1, nil
}

// sameColumns refuses a file whose columns are not those of the first file.
func sameColumns(want, got []string, first, other string) error {
	if slices.Equal(want, got) {
		return nil
	}
	return fault.New(fault.Invalid, "%s has other columns than %s: %s instead of %s",
		filepath.Base(other), filepath.Base(first), strings.Join(got, ", "), strings.Join(want, ", ")).With("columns_differ")
}

func names(columns []node.Column) []string { return node.Relation{Columns: columns}.Names() }
