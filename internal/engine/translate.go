package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/dustin/go-humanize"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// translate makes faults of DuckDB's errors: the one place where its words are
// read, because it has hardly any codes. What is not known here shows the first
// line of its message, and never a statement of ours.
type translate struct{ limits job.Limits }

// fault returns err in words for people, and nil and faults as they are. When ctx
// has ended, the run was stopped, whatever DuckDB says.
func (t translate) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fault.Wrap(fault.Unavailable, context.Cause(ctx), "the run was stopped").With("stopped")
	}
	e, ok := errors.AsType[*duckdb.Error](err)
	if !ok {
		return err
	}
	_, msg, _ := strings.Cut(e.Msg, ": ")
	first, _, _ := strings.Cut(msg, "\n")
	if _, words, ours := strings.Cut(first, node.ForPeople); ours {
		return fault.Wrap(fault.Invalid, err, "%s", words).With("bad_value")
	}
	if f := t.machine(e, err, msg); f != nil {
		return f
	}
	if f := inFile(err, msg); f != nil {
		return f
	}
	if m := noAccess.FindStringSubmatch(msg); m != nil {
		return fault.Wrap(fault.Invalid, err, "%s is no file of this run: only file nodes reach files, and only those that they name", m[1]).With("path_not_allowed")
	}
	first += meant(msg, first)
	switch e.Type { //nolint:exhaustive // the others have nothing in common
	case duckdb.ErrorTypeConversion:
		return fault.Wrap(fault.Invalid, err, "a value cannot be converted: %s", lower(first)).With("bad_value")
	case duckdb.ErrorTypeOutOfRange:
		return fault.Wrap(fault.Invalid, err, "a number is too large for its type: %s", lower(first)).With("out_of_range")
	case duckdb.ErrorTypeDivideByZero:
		return fault.Wrap(fault.Invalid, err, "a number was divided by zero").With("divide_by_zero")
	}
	return fault.Wrap(fault.Invalid, err, "the data could not be processed: %s", lower(first)).With("query_failed")
}

// meant says which name DuckDB thinks was meant, when its first line does not.
func meant(msg, first string) string {
	m := candidate.FindStringSubmatch(msg)
	if m == nil || strings.Contains(first, "id you mean") {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s?", m[1])
}

// machine tells what the machine ran out of.
func (t translate) machine(e *duckdb.Error, cause error, msg string) *fault.Error {
	switch {
	case strings.Contains(msg, "max_temp_directory_size"):
		return fault.Wrap(fault.Exhausted, cause, "the run would write more than %s to the disk for want of memory: give it more with --run-memory, or sort, join and group fewer rows or columns at once",
			humanize.IBytes(uint64(max(t.limits.Spill, 0)))).With("spill_limit")
	case strings.Contains(msg, "No space left on device"):
		return fault.Wrap(fault.Unavailable, cause, "the disk is full: make room where the run's temporary files and results go").With("disk_full")
	case e.Type == duckdb.ErrorTypeIO && diskFailed.MatchString(msg):
		return fault.Wrap(fault.Unavailable, cause, "a disk has failed: %s; look at the system's log, then run again", lower(diskFailed.FindString(msg))).With("disk_failed")
	case e.Type == duckdb.ErrorTypeOutOfMemory:
		return fault.Wrap(fault.Exhausted, cause, "the run needs more than its %s of memory: raise the limit, or sort, join and group fewer rows or columns at once",
			humanize.IBytes(uint64(max(t.limits.Memory, 0)))).With("out_of_memory")
	}
	return nil
}

var (
	diskFailed  = regexp.MustCompile(`Input/output error|Read-only file system|Stale file handle`)
	candidate   = regexp.MustCompile(`(?:Candidate bindings: |Did you mean )("(?:[^"]|"")*")`)
	csvLine     = regexp.MustCompile(`CSV Error on Line: (\d+)`)
	csvColumns  = regexp.MustCompile(`Expected Number of Columns: (\d+) Found: (\d+)`)
	csvFile     = regexp.MustCompile(`(?m)^  file = (.*)$`)
	jsonBroken  = regexp.MustCompile(`Malformed JSON in file "(.*?)", at byte (\d+) in (?:record/value|line) (\d+): (.*?)\.?\s*(?:\n|$)`)
	jsonType    = regexp.MustCompile(`(?s)JSON transform error in file "(.*?)", in (?:record/value|line) (\d+): (.*?)(?:\n|$)`)
	noMagic     = regexp.MustCompile(`[Nn]o magic bytes found at end of file '(.*?)'|Invalid Parquet|'(.*?)' (?:is )?too small to be a Parquet file`)
	tooBigJSON  = regexp.MustCompile(`maximum_object_size`)
	noAccess    = regexp.MustCompile(`[Cc]annot access (?:file|directory) "(.*?)" - `)
	jsonAtFault = regexp.MustCompile(`"(/.*?)"`)
)

// inFile tells which place of which file cannot be read, and why.
func inFile(cause error, msg string) *fault.Error {
	if m := csvLine.FindStringSubmatch(msg); m != nil {
		return csvFault(cause, msg, m[1])
	}
	if m := jsonBroken.FindStringSubmatch(msg); m != nil {
		return fault.Wrap(fault.Invalid, cause, "%s is not well-formed JSON: value %s, byte %s: %s", filepath.Base(m[1]), m[3], m[2], m[4]).With("bad_json")
	}
	if m := jsonType.FindStringSubmatch(msg); m != nil {
		return fault.Wrap(fault.Invalid, cause, "value %s of %s does not fit: %s", m[2], filepath.Base(m[1]), lower(m[3])).With("bad_json_type")
	}
	if m := noMagic.FindStringSubmatch(msg); m != nil {
		return fault.Wrap(fault.Invalid, cause, "%s is not a Parquet file, or not a whole one", filepath.Base(m[1]+m[2])).With("bad_file")
	}
	if tooBigJSON.MatchString(msg) {
		name := "the file"
		if m := jsonAtFault.FindStringSubmatch(msg); m != nil {
			name = filepath.Base(m[1])
		}
		return fault.Wrap(fault.Invalid, cause, "%s has a JSON value that is too large, or a bracket that is never closed", name).With("bad_json")
	}
	if strings.Contains(msg, "CSV Parser state machine reached an invalid state") {
		return fault.Wrap(fault.Invalid, cause, "%s is not a well-formed CSV file: a quote is out of place, or lines end in two ways (\\n and \\r\\n)", nameIn(msg)).With("bad_csv")
	}
	return nil
}

func csvFault(cause error, msg, line string) *fault.Error {
	name := nameIn(msg)
	if m := csvColumns.FindStringSubmatch(msg); m != nil {
		return fault.Wrap(fault.Invalid, cause, "line %s of %s has %s values where %s are expected", line, name, m[2], m[1]).With("bad_csv")
	}
	why := "cannot be read"
	switch {
	case strings.Contains(msg, "Invalid unicode"):
		return fault.Wrap(fault.Invalid, cause, "line %s of %s is not in UTF-8: set encoding to the one that it was written in, such as windows-1252", line, name).With("bad_encoding")
	case strings.Contains(msg, "Maximum line size"):
		why = "is longer than 16 MB; is the closing quote missing, or the quote setting wrong?"
	case strings.Contains(msg, "unterminated quote"):
		why = "has a quote that is never closed"
	case strings.Contains(msg, "quote"):
		why = "has a quote in a place where none may be"
	}
	return fault.Wrap(fault.Invalid, cause, "line %s of %s %s", line, name, why).With("bad_csv")
}

func nameIn(msg string) string {
	if m := csvFile.FindStringSubmatch(msg); m != nil {
		return filepath.Base(m[1])
	}
	return "the file"
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
