package bigquery

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// field is a column of a table or a result.
type field struct {
	Name      string  `json:"name"`
	Type      string  `json:"type"`
	Mode      string  `json:"mode,omitempty"`
	Precision string  `json:"precision,omitempty"`
	Scale     string  `json:"scale,omitempty"`
	Fields    []field `json:"fields,omitempty"`
}

// plainTypes are the DuckDB types of BigQuery's.
var plainTypes = map[string]string{
	"INTEGER": "BIGINT", "INT64": "BIGINT", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOLEAN", "BOOL": "BOOLEAN", "BYTES": "BLOB", "DATE": "DATE", "TIME": "TIME",
	"DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP WITH TIME ZONE", "JSON": "JSON", "RECORD": "JSON", "STRUCT": "JSON", "BIGNUMERIC": "", "NUMERIC": "DECIMAL(38,9)",
}

// nested reports whether a value has parts.
func (f field) nested() bool {
	return f.Mode == "REPEATED" || f.Type == "RECORD" || f.Type == "STRUCT" || f.Type == "JSON"
}

// duck returns the DuckDB type of a column; empty for decimals whose values decide.
func (f field) duck() string {
	if f.nested() {
		return "JSON"
	}
	if f.Type == "NUMERIC" && f.Precision != "" {
		if f.Scale == "" {
			f.Scale = "0"
		}
		return "DECIMAL(" + f.Precision + "," + f.Scale + ")"
	}
	if typ, known := plainTypes[f.Type]; known {
		return typ
	}
	return "VARCHAR"
}

// texts returns a row as batches carry it, nil being null.
func texts(fields []field, row line) ([]*string, error) {
	if len(row.F) != len(fields) {
		return nil, fmt.Errorf("a row of %d values for %d columns", len(row.F), len(fields))
	}
	values := make([]*string, len(fields))
	for i, f := range fields {
		raw := row.F[i].V
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		var text string
		var err error
		if f.Mode == "REPEATED" || f.Type == "RECORD" || f.Type == "STRUCT" {
			var v any
			if v, err = f.parts(raw); err == nil {
				var out []byte
				out, err = json.Marshal(v)
				text = string(out)
			}
		} else if err = json.Unmarshal(raw, &text); err == nil {
			text, err = f.plain(text)
		}
		if err != nil {
			return nil, err
		}
		values[i] = &text
	}
	return values, nil
}

// parts returns a value that has parts as JSON has it.
func (f field) parts(raw json.RawMessage) (any, error) { //nolint:ireturn // JSON has no narrower type
	if string(raw) == "null" {
		return nil, nil //nolint:nilnil // null
	}
	if f.Mode == "REPEATED" {
		return f.list(raw)
	}
	if f.Type == "RECORD" || f.Type == "STRUCT" {
		return f.record(raw)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, err
	}
	return f.part(text)
}

// part returns a value without parts as JSON has it.
func (f field) part(text string) (any, error) { //nolint:ireturn // JSON has no narrower type
	switch f.Type {
	case "INTEGER", "INT64", "NUMERIC", "BIGNUMERIC":
		return json.Number(text), nil
	case "BOOLEAN", "BOOL":
		return text == "true", nil
	case "JSON":
		return json.RawMessage(text), nil
	case "FLOAT", "FLOAT64":
		if v, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return v, nil
		}
		return text, nil
	}
	return f.plain(text)
}

func (f field) list(raw json.RawMessage) ([]any, error) {
	var items []struct {
		V json.RawMessage `json:"v"`
	}
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, err
	}
	f.Mode = ""
	list := make([]any, len(items))
	for i, item := range items {
		var err error
		if list[i], err = f.parts(item.V); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (f field) record(raw json.RawMessage) (any, error) { //nolint:ireturn // JSON has no narrower type
	var row line
	if err := json.Unmarshal(raw, &row); err != nil {
		return nil, err
	}
	record := make(map[string]any, len(row.F))
	for i, part := range row.F {
		if i >= len(f.Fields) {
			return nil, fmt.Errorf("a record of %d values for %d fields", len(row.F), len(f.Fields))
		}
		value, err := f.Fields[i].parts(part.V)
		if err != nil {
			return nil, err
		}
		record[f.Fields[i].Name] = value
	}
	return record, nil
}

// plain returns a value without parts as batches carry it.
func (f field) plain(text string) (string, error) {
	switch f.Type {
	case "BYTES":
		bytes, err := base64.StdEncoding.DecodeString(text)
		return hex.EncodeToString(bytes), err
	case "TIMESTAMP":
		micros, err := strconv.ParseInt(text, 10, 64)
		return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05.999999") + "+00", err
	case "DATETIME":
		return strings.Replace(text, "T", " ", 1), nil
	}
	return text, nil
}

// types are BigQuery's for those of DuckDB.
var types = map[string]string{
	"TINYINT": "INTEGER", "SMALLINT": "INTEGER", "INTEGER": "INTEGER", "BIGINT": "INTEGER", "UTINYINT": "INTEGER", "USMALLINT": "INTEGER", "UINTEGER": "INTEGER",
	"UBIGINT": "BIGNUMERIC", "HUGEINT": "BIGNUMERIC", "UHUGEINT": "BIGNUMERIC", "FLOAT": "FLOAT", "DOUBLE": "FLOAT", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIME": "TIME",
	"TIMESTAMP": "DATETIME", "TIMESTAMP_S": "DATETIME", "TIMESTAMP_MS": "DATETIME", "TIMESTAMP_NS": "DATETIME", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP", "BLOB": "BYTES", "JSON": "JSON",
}

// declared returns the column that is made for one of a DuckDB type.
func declared(name, typ string) field {
	known, is := types[typ]
	switch {
	case strings.HasPrefix(typ, "DECIMAL"):
		return field{Name: name, Type: "BIGNUMERIC"}
	case is:
		return field{Name: name, Type: known}
	case strings.HasPrefix(typ, "STRUCT"), strings.HasPrefix(typ, "MAP"), strings.HasSuffix(typ, "]"):
		return field{Name: name, Type: "JSON"}
	}
	return field{Name: name, Type: "STRING"}
}

// standard is how a type is called in SQL.
func standard(typ string) string {
	switch typ {
	case "INTEGER":
		return "INT64"
	case "FLOAT":
		return "FLOAT64"
	case "BOOLEAN":
		return "BOOL"
	}
	return typ
}
