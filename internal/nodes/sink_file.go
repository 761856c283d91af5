package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sqltext"
)

// sinkFileSpec writes files.
var sinkFileSpec = node.Spec{
	Kind:      "sink_file",
	Title:     "File",
	Summary:   "Write a CSV, JSON, Parquet or Excel file, whole or not at all.",
	Category:  node.Target,
	Icon:      "file-output",
	MinInputs: 1,
	MaxInputs: 1,
	Asks:      []string{runs.AskHeld},
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "path", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Path", MinLen: 1, Format: node.FormatPath, Help: "Folders that are missing are made. A file that is there is replaced once the new one is complete."}},
		{Name: "conn_id", Schema: node.Schema{Type: node.TypeString, Title: "Connection", Format: node.FormatConnection, Types: connection.Storage, Help: "The conn_id of a connection to where the file goes: of the type s3, gcs, azure_blob or sftp. Left out, it is written on the server's disk. With it the path is the key of an object, or a path on the server."}},
		{Name: "format", Schema: node.Schema{Type: node.TypeString, Title: "Format", Default: formatAuto, Enum: []string{formatAuto, formatCSV, formatTSV, formatJSON, formatNDJSON, formatParquet, formatExcel}, Help: "Auto goes by the file's name."}},
		{Name: "compression", Schema: node.Schema{Type: node.TypeString, Title: "Compression", Default: formatAuto, Enum: []string{formatAuto, "none", "gzip", "zstd", "snappy"}, Help: "Auto goes by the file's name: .gz or .zst. Parquet is packed inside, by zstd unless told otherwise."}},
		{Name: "header", Schema: node.Schema{Type: node.TypeBoolean, Title: "First line has the column names", Default: true}},
		{Name: "delimiter", Schema: node.Schema{Type: node.TypeString, Title: "Delimiter", MaxLen: 2, Help: "Of CSV: one character, or \\t for a tab. Left out, a comma."}},
		{Name: "quote", Schema: node.Schema{Type: node.TypeString, Title: "Quote", Enum: []string{"when_needed", "always"}, Default: "when_needed", Help: "Which values of a CSV file get quotes around them."}},
		{Name: "null_string", Schema: node.Schema{Type: node.TypeString, Title: "Empty values", Help: "What a CSV file has where there is no value. Left out, nothing."}},
		{Name: "sheet", Schema: node.Schema{Type: node.TypeString, Title: "Sheet", Help: "Of Excel: the name of the sheet. Left out, Sheet1."}},
		{Name: "partition_by", Schema: node.Schema{Type: node.TypeArray, Title: "Partition by", Items: &node.Schema{Type: node.TypeString, MinLen: 1, Format: node.FormatColumn}, Help: "Of Parquet, CSV and TSV: write a folder that has a folder called column=value for each value of these columns."}},
		{Name: "compress", Schema: node.Schema{Old: true, Type: node.TypeBoolean, Title: "Compress", Help: "Older documents' word for compression gzip."}},
	}},
	New: newSinkFile,
}

// sinkFile is a configured file sink. It writes beside the target and moves the
// result there when it is complete.
type sinkFile struct {
	Path        string   `json:"path"`
	ConnID      string   `json:"conn_id"`
	Format      string   `json:"format"`
	Compression string   `json:"compression"`
	Header      *bool    `json:"header"`
	Delimiter   string   `json:"delimiter"`
	Quote       string   `json:"quote"`
	NullString  string   `json:"null_string"`
	PartitionBy []string `json:"partition_by"`
	Compress    bool     `json:"compress"`
	Sheet       string   `json:"sheet"`

	format string
	target string // the file, or the folder of partitions
	temp   string // what is written first, in the same folder as target
}

func newSinkFile(config json.RawMessage) (node.Node, error) {
	s := &sinkFile{}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the file sink are not readable")
	}
	if _, err := delimiterByte(s.Delimiter); err != nil {
		return nil, err
	}
	format, err := formatOf(s.Path, s.Format)
	if err != nil && len(s.PartitionBy) == 0 {
		// A placeholder may still bring the ending: it is looked at again before the run.
		return s.placed(), unlessPlaceholder(s.Path, err)
	}
	if len(s.PartitionBy) > 0 && format == "" {
		format = formatParquet
	}
	s.format = format
	if s.Compress && s.Compression == "" {
		if s.Compression = "gzip"; format == formatParquet {
			s.Compression = "zstd"
		}
	}
	if err := s.onlyFor(format); err != nil {
		return nil, err
	}
	return s.placed(), s.farOnly()
}

func unlessPlaceholder(path string, err error) error {
	if strings.Contains(path, "${") {
		return nil
	}
	return err
}

// onlyFor refuses settings that mean nothing for a format.
func (s *sinkFile) onlyFor(format string) error {
	if format == formatXML {
		return settingFault("format", "XML is read and not written: choose csv, tsv, json, ndjson, parquet or xlsx")
	}
	if err := s.excelOnly(format); err != nil {
		return err
	}
	switch {
	case len(s.PartitionBy) > 0 && slices.Contains([]string{formatJSON, formatNDJSON, formatExcel}, format):
		return settingFault("partition_by", "is for Parquet and CSV, and this is %s: set format to one of these", format)
	case format != formatParquet && s.Compression == "snappy":
		return settingFault("compression", "snappy is for Parquet, and this is %s: choose gzip or zstd", format)
	case format == formatCSV || format == formatTSV:
		return nil
	}
	return refuse(map[string]bool{"header": format != formatExcel && !s.header(), "delimiter": s.Delimiter != "", "quote": s.Quote == "always", "null_string": s.NullString != ""}, format)
}

// Open implements node.Opener.
func (s *sinkFile) Open(_ context.Context, env node.Env) (node.Access, error) {
	place := env.Roots.Write
	if len(s.PartitionBy) > 0 {
		place = env.Roots.Folder
	}
	target, err := place(s.Path)
	if err != nil {
		return node.Access{}, err
	}
	if len(s.PartitionBy) > 0 {
		if err := replaceable(target, s.Path); err != nil {
			return node.Access{}, err
		}
	}
	s.target = target
	s.temp = filepath.Join(filepath.Dir(target), "."+shorten(filepath.Base(target))+"."+env.Own+node.Leftover)
	if len(s.PartitionBy) > 0 {
		return node.Access{Folders: []string{s.target, s.temp}, Leftovers: []string{s.temp}}, nil
	}
	return node.Access{Writes: []string{s.target, s.temp}, Leftovers: []string{s.temp}}, nil
}

// Replaces implements node.Replacer.
func (s *sinkFile) Replaces() node.Replaced {
	return node.Replaced{Conn: strings.ToLower(s.ConnID), Path: path.Clean(s.Path)}
}

// shorten leaves room for the rest of a temporary name.
func shorten(name string) string { return name[:min(len(name), 200)] }

// Write implements node.Sink.
func (s *sinkFile) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	defer remove(s.temp)
	rows, err := s.write(ctx, env, in)
	if err != nil {
		return 0, node.Relation{}, err
	}
	move := moveFile
	if len(s.PartitionBy) > 0 {
		move = moveFolder
	}
	if err := move(s.temp, s.target); err != nil {
		return 0, node.Relation{}, fault.Wrap(fault.Unavailable, err, "%s cannot be written: the disk refused it", filepath.Base(s.target)).With("write_failed")
	}
	return rows, s.back(in), nil
}

// suits refuses rows that the settings do not fit, and warns of what a format cannot hold.
func (s *sinkFile) suits(env node.Env, in node.Relation) error {
	for i, name := range s.PartitionBy {
		if !slices.Contains(in.Names(), name) {
			return settingFault(fmt.Sprintf("partition_by[%d]", i), "there is no column %q%s", name, fault.DidYouMean(name, in.Names()))
		}
	}
	if len(s.PartitionBy) > 0 && len(s.PartitionBy) >= len(in.Columns) {
		return settingFault("partition_by", "names all columns, so that none is left for the files")
	}
	for _, c := range in.Columns {
		if s.format == formatParquet && strings.HasSuffix(c.Type, "HUGEINT") {
			env.Log(node.Warning, "column %s is written as fractions of sixteen digits, because Parquet has no whole numbers of more than 64 bits: make it text or a decimal to keep all", c.Name)
		}
	}
	return nil
}

// write writes the rows to the temporary name.
func (s *sinkFile) write(ctx context.Context, env node.Env, in node.Relation) (int64, error) {
	if err := s.suits(env, in); err != nil {
		return 0, err
	}
	if s.format == formatExcel {
		return s.writeExcel(ctx, env, in)
	}
	return env.DB.Exec(ctx, "COPY ("+s.selection(in)+") TO "+sqltext.Text(s.temp)+" ("+strings.Join(s.options(), ", ")+")")
}

// selection returns the rows as the format can hold them. CSV knows no nested
// values and gets them as JSON, and whole numbers without ".0".
func (s *sinkFile) selection(in node.Relation) string {
	if !s.isCSV() {
		return in.SQL
	}
	picks := make([]string, len(in.Columns))
	for i, c := range in.Columns {
		name := sqltext.Ident(c.Name)
		switch {
		case c.Type == "DOUBLE" || c.Type == "FLOAT":
			picks[i] = fmt.Sprintf("CASE WHEN %[1]s = trunc(%[1]s) AND abs(%[1]s) < 1e15 THEN CAST(CAST(%[1]s AS BIGINT) AS VARCHAR) ELSE CAST(%[1]s AS VARCHAR) END AS %[1]s", name)
		case c.Type == "JSON": // its texts would have JSON's quotes inside those of CSV
			picks[i] = name + " ->> '$' AS " + name
		case isNested(c.Type):
			picks[i] = "to_json(" + name + ") AS " + name
		default:
			picks[i] = name
		}
	}
	return "SELECT " + strings.Join(picks, ", ") + " FROM (" + in.SQL + ")"
}

func isNested(sqlType string) bool {
	return strings.HasSuffix(sqlType, "]") || strings.HasPrefix(sqlType, "STRUCT") || strings.HasPrefix(sqlType, "MAP") || strings.HasPrefix(sqlType, "UNION")
}

func (s *sinkFile) isCSV() bool { return s.format == formatCSV || s.format == formatTSV }

// packing returns the compression that the settings or the name ask for.
func (s *sinkFile) packing() string {
	switch {
	case s.Compression != "" && s.Compression != formatAuto:
		return s.Compression
	case s.format == formatParquet:
		return "zstd"
	}
	if c := compressions[strings.ToLower(filepath.Ext(s.Path))]; c != "" {
		return c
	}
	return "none"
}

func (s *sinkFile) delimiter() string {
	if d, _ := delimiterByte(s.Delimiter); d != 0 {
		return string(rune(d))
	}
	if s.format == formatTSV {
		return "\t"
	}
	return ","
}

// options returns what follows COPY ... TO.
func (s *sinkFile) options() []string {
	var o []string
	switch packing := s.packing(); s.format {
	case formatParquet:
		if packing == "none" {
			packing = "uncompressed"
		}
		o = []string{"FORMAT parquet", "COMPRESSION " + packing}
	case formatJSON, formatNDJSON:
		return []string{"FORMAT json", fmt.Sprintf("ARRAY %t", s.format == formatJSON), "COMPRESSION " + packing}
	default:
		o = []string{
			"FORMAT csv", "DELIMITER " + sqltext.Text(s.delimiter()), "NULLSTR " + sqltext.Text(s.NullString),
			fmt.Sprintf("HEADER %t", s.header()), "COMPRESSION " + packing,
		}
		if s.Quote == "always" {
			o = append(o, "FORCE_QUOTE *")
		}
	}
	if len(s.PartitionBy) > 0 {
		o = append(o, "PARTITION_BY ("+sqltext.Idents(s.PartitionBy)+")", "FILE_EXTENSION "+sqltext.Text(s.ending()))
	}
	return o
}

// ending returns how the files of partitions are called at their end.
func (s *sinkFile) ending() string {
	switch packing := s.packing(); {
	case s.format == formatParquet || packing == "none":
		return s.format
	case packing == "gzip":
		return s.format + ".gz"
	default:
		return s.format + ".zst"
	}
}

func (s *sinkFile) header() bool { return s.Header == nil || *s.Header }

// back returns the written rows, to be looked at. Partitions are in another order
// than the rows had, and are not read again.
func (s *sinkFile) back(in node.Relation) node.Relation {
	file := sqltext.Text(s.target)
	switch {
	case len(s.PartitionBy) > 0 || s.format == formatExcel:
		return node.Relation{}
	case s.format == formatParquet:
		return node.Relation{SQL: "SELECT * FROM read_parquet(" + file + ")", Columns: in.Columns, Rows: -1}
	case !s.isCSV():
		return s.backJSON(in, file)
	}
	columns, pairs := make([]node.Column, len(in.Columns)), make([]string, len(in.Columns))
	for i, c := range in.Columns {
		if isNested(c.Type) || c.Type == "JSON" || strings.HasPrefix(c.Type, "ENUM") {
			c.Type = "VARCHAR"
		}
		columns[i], pairs[i] = c, sqltext.Text(c.Name)+": "+sqltext.Text(c.Type)
	}
	return node.Relation{
		SQL: fmt.Sprintf("SELECT * FROM read_csv(%s, auto_detect=false, header=%t, delim=%s, quote='\"', escape='\"', nullstr=%s, compression=%s, allow_quoted_nulls=false, max_line_size=%d, buffer_size=%d, columns={%s})",
			file, s.header(), sqltext.Text(s.delimiter()), sqltext.Text(s.NullString), sqltext.Text(s.packing()), headLine, 2*headLine, strings.Join(pairs, ", ")),
		Columns: columns, Rows: -1,
	}
}

func (s *sinkFile) backJSON(in node.Relation, file string) node.Relation {
	if compressions[filepath.Ext(s.target)] == "" && s.packing() != "none" {
		return node.Relation{} // DuckDB unpacks JSON by the file's name alone
	}
	format, pairs := "array", make([]string, len(in.Columns))
	if s.format == formatNDJSON {
		format = "newline_delimited"
	}
	for i, c := range in.Columns {
		pairs[i] = sqltext.Text(c.Name) + ": " + sqltext.Text(c.Type)
	}
	return node.Relation{
		SQL:     fmt.Sprintf("SELECT * FROM read_json(%s, format='%s', columns={%s})", file, format, strings.Join(pairs, ", ")),
		Columns: in.Columns, Rows: -1,
	}
}
