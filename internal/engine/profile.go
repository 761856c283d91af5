package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// scannedRows returns how many rows the scan of files has read in the statement
// that left profile. It returns false when the profile does not tell for certain:
// the scan may have ended early, or its rows were filtered where they were read.
func scannedRows(profile duckdb.ProfilingInfo, files []string) (int64, bool) {
	const shown = 5 // DuckDB names no more files than that
	name := strings.Join(files[:min(len(files), shown)], ", ")
	if len(files) > shown {
		name += ", ..."
	}
	var counts []int64
	scans(profile, name, true, &counts)
	// None at all may mean that a join had nothing to look for and did not scan.
	if len(counts) == 0 || counts[0] <= 0 || slices.Max(counts) != slices.Min(counts) {
		return 0, false
	}
	return counts[0], true
}

// wholeInput are the operators that read their input to its end. Under any other,
// such as a limit, the count of a scan proves nothing.
var wholeInput = map[string]bool{
	"": true, "COPY_TO_FILE": true, "BATCH_COPY_TO_FILE": true, "PROJECTION": true, "FILTER": true, "ORDER_BY": true, "TOP_N": true,
	"HASH_GROUP_BY": true, "PERFECT_HASH_GROUP_BY": true, "UNGROUPED_AGGREGATE": true, "WINDOW": true, "STREAMING_WINDOW": true,
	"HASH_JOIN": true, "UNION": true, "UNNEST": true,
}

// scans collects the counts of all scans of the files that DuckDB calls name.
func scans(p duckdb.ProfilingInfo, name string, whole bool, into *[]int64) {
	info := p.Metrics["EXTRA_INFO"]
	if strings.HasSuffix(info, "="+name+"}") || strings.HasSuffix(info, "='"+name+"'}") {
		n, err := strconv.ParseInt(p.Metrics["OPERATOR_CARDINALITY"], 10, 64)
		if err != nil || !whole || strings.Contains(info, "Filters=") {
			n = -1
		}
		*into = append(*into, n)
		return
	}
	whole = whole && wholeInput[p.Metrics["OPERATOR_NAME"]]
	for _, child := range p.Children {
		scans(child, name, whole, into)
	}
}
