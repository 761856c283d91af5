package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// transfer is rows on their way, by a pipeline and by the program that comes with a
// database.
type transfer struct {
	name     string
	from, to string // nodes of the pipeline, in JSON; the second may be empty
	command  []string
	before   []string // run before each of both ways, and not timed
}

// measureDatabases prints what a million rows cost on their way between CSV files and
// databases, beside what psql, mariadb and sqlite3 take, in turn. The environment variables
// BROKED_BENCH_POSTGRES and BROKED_BENCH_MARIADB are the URLs of databases, in which it makes
// the tables bench_rows, bench_copy and bench_psql, bench_rows and bench_mariadb.
func measureDatabases(ctx context.Context, w io.Writer, program, dir, input string) error {
	dir = filepath.Join(dir, "databases")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	database, other := os.Getenv("BROKED_BENCH_POSTGRES"), os.Getenv("BROKED_BENCH_MARIADB")
	s, _, err := startServer(ctx, program, dir, "--outbound-loopback", portOf(database, "5432")+","+portOf(other, "3306"), "--data-dirs", filepath.Dir(input))
	if err != nil {
		return err
	}
	defer s.stop()
	all := throughFiles(dir, input)
	if database == "" {
		fmt.Fprintln(w, "PostgreSQL\tnot measured: BROKED_BENCH_POSTGRES names none")
	} else {
		all = append(throughPostgres(dir, database, input), all...)
	}
	if u, err := url.Parse(other); other == "" || err != nil {
		fmt.Fprintln(w, "MariaDB\tnot measured: BROKED_BENCH_MARIADB names none")
	} else {
		all = append(throughMariaDB(dir, u, input), all...)
	}
	for _, t := range all {
		if err := s.transfer(ctx, w, t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// transferRounds is how often each side of a transfer runs; the median counts.
const transferRounds = 3

const table = "(id bigint, name text, email text, country text, amount double precision, ts timestamp, status text)"

func throughPostgres(dir, database, input string) []transfer {
	psql := func(text string) []string { return []string{"psql", "-X", "-q", "-d", database, "-c", text} }
	grouped := func(name string, there bool) transfer {
		return transfer{
			name:    name,
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM bench_rows","push_down":%v}}`, database, there),
			to:      `{"id":"out","type":"aggregate","config":{"group_by":["country","status"],"aggregations":[{"function":"count"},{"function":"max","column":"id"}]}}`,
			command: psql("SELECT country, status, count(*), max(id) FROM bench_rows GROUP BY 1, 2 ORDER BY 1, 2"),
		}
	}
	settled := func(name string, there bool) transfer {
		return transfer{
			name:    name,
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM bench_rows","push_down":%v}}`, database, there),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_db","config":{"uri":%q,"table":"bench_copy","mode":"overwrite","create_table":true}}`, database),
			before:  psql("DROP TABLE IF EXISTS bench_psql; CREATE TABLE bench_psql " + table),
			command: psql("INSERT INTO bench_psql SELECT * FROM bench_rows"),
		}
	}
	return []transfer{
		{
			name:    "CSV -> PostgreSQL",
			from:    fmt.Sprintf(`{"id":"in","type":"source_file","config":{"path":%q}}`, input),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_db","config":{"uri":%q,"table":"bench_rows","mode":"overwrite","create_table":true}}`, database),
			before:  psql("DROP TABLE IF EXISTS bench_rows, bench_psql; CREATE TABLE bench_psql " + table),
			command: psql(fmt.Sprintf(`\copy bench_psql FROM '%s' (FORMAT csv, HEADER)`, input)),
		},
		{
			name:    "PostgreSQL -> CSV",
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM bench_rows"}}`, database),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_file","config":{"path":%q}}`, filepath.Join(dir, "out.csv")),
			command: psql(fmt.Sprintf(`\copy (SELECT * FROM bench_rows) TO '%s' (FORMAT csv, HEADER)`, filepath.Join(dir, "psql.csv"))),
		},
		{
			name:    "PostgreSQL -> rows that are kept",
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM bench_rows"}}`, database),
			command: psql(fmt.Sprintf(`\copy (SELECT * FROM bench_rows) TO '%s' (FORMAT csv, HEADER)`, filepath.Join(dir, "psql.csv"))),
		},
		grouped("PostgreSQL -> groups, pushed down", true),
		grouped("PostgreSQL -> groups, not pushed down", false),
		settled("PostgreSQL -> itself, pushed down", true),
		settled("PostgreSQL -> itself, not pushed down", false),
		{
			name:    "PostgreSQL -> CSV, two ranges",
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM bench_rows","partition_column":"id","partitions":2}}`, database),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_file","config":{"path":%q}}`, filepath.Join(dir, "out.csv")),
			command: psql(fmt.Sprintf(`\copy (SELECT * FROM bench_rows) TO '%s' (FORMAT csv, HEADER)`, filepath.Join(dir, "psql.csv"))),
		},
	}
}

func portOf(address, usual string) string {
	if u, err := url.Parse(address); err == nil && u.Port() != "" {
		return u.Port()
	}
	return usual
}

func throughMariaDB(dir string, at *url.URL, input string) []transfer {
	password, _ := at.User.Password()
	client := func(more ...string) []string {
		return append([]string{"mariadb", "-h", at.Hostname(), "-P", portOf(at.String(), "3306"), "-u", at.User.Username(), "-p" + password, "--local-infile=1", strings.TrimPrefix(at.Path, "/")}, more...)
	}
	columns := strings.NewReplacer("double precision", "double", "timestamp", "datetime").Replace(table)
	out := filepath.Join(dir, "mariadb.tsv")
	return []transfer{
		{
			name:    "CSV -> MariaDB",
			from:    fmt.Sprintf(`{"id":"in","type":"source_file","config":{"path":%q}}`, input),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_db","config":{"uri":%q,"table":"bench_rows","mode":"overwrite","create_table":true}}`, at),
			before:  client("-e", "DROP TABLE IF EXISTS bench_rows, bench_mariadb; CREATE TABLE bench_mariadb "+columns),
			command: client("-e", fmt.Sprintf(`LOAD DATA LOCAL INFILE '%s' INTO TABLE bench_mariadb FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' IGNORE 1 LINES`, input)),
		},
		{
			name:    "MariaDB -> CSV",
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM bench_rows"}}`, at),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_file","config":{"path":%q}}`, filepath.Join(dir, "out.csv")),
			command: append([]string{"sh", "-c", `exec "$@" >` + out, "sh"}, client("-q", "-B", "-e", "SELECT * FROM bench_rows")...),
		},
	}
}

func throughFiles(dir, input string) []transfer {
	file, other := filepath.Join(dir, "bench.db"), filepath.Join(dir, "sqlite3.db")
	return []transfer{
		{
			name:    "CSV -> SQLite",
			from:    fmt.Sprintf(`{"id":"in","type":"source_file","config":{"path":%q}}`, input),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_db","config":{"uri":%q,"table":"rows","mode":"overwrite","create_table":true}}`, file),
			before:  []string{"rm", "-f", file, other},
			command: []string{"sqlite3", other, "CREATE TABLE rows " + table, ".import --csv --skip 1 '" + input + "' rows"},
		},
		{
			name:    "SQLite -> CSV",
			from:    fmt.Sprintf(`{"id":"in","type":"source_db","config":{"uri":%q,"query":"SELECT * FROM rows"}}`, file),
			to:      fmt.Sprintf(`{"id":"out","type":"sink_file","config":{"path":%q}}`, filepath.Join(dir, "out.csv")),
			command: []string{"sqlite3", other, ".headers on", ".mode csv", ".output '" + filepath.Join(dir, "sqlite3.csv") + "'", "SELECT * FROM rows"},
		},
	}
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// transfer does both ways of a transfer in turn, and prints what they cost. Of the
// processor's time only what the engine and the other program use counts: that of a
// database's server is nobody's.
func (s *server) transfer(ctx context.Context, w io.Writer, t transfer) error {
	if !installed(t.command[0]) {
		fmt.Fprintf(w, "%s\tnot compared: %s is not there\n", t.name, t.command[0])
		return nil
	}
	var made struct{ ID string }
	document := fmt.Sprintf(`{"name":"bench","nodes":[%s]}`, t.from)
	if t.to != "" {
		document = fmt.Sprintf(`{"name":"bench","nodes":[%s,%s],"edges":[{"from":"in","to":"out"}]}`, t.from, t.to)
	}
	if err := s.call(ctx, http.MethodPost, "/api/pipelines", document, &made); err != nil {
		return err
	}
	var ours, theirs []cost
	for range transferRounds {
		if err := t.begin(ctx); err != nil {
			return err
		}
		c, err := s.run(ctx, made.ID)
		if err != nil {
			return err
		}
		ours = append(ours, c)
		if c, err = commanded(ctx, t); err != nil {
			return err
		}
		theirs = append(theirs, c)
	}
	wall := func(c cost) float64 { return c.wall.Seconds() }
	cpu := func(c cost) float64 { return c.cpu.Seconds() }
	fmt.Fprintf(w, "%s, 1,000,000 rows\t%.2f s\tCPU %.2f s\tpeak %.0f MB\t%s %.2f s\tCPU %.2f s\t%.2f\n", t.name, median(ours, wall), median(ours, cpu),
		median(ours, func(c cost) float64 { return float64(c.memory >> 20) }), t.command[0], median(theirs, wall), median(theirs, cpu), median(ours, wall)/median(theirs, wall))
	return nil
}

// begin makes what each of both ways needs: tables that are not there, or empty. To delete
// rows first would be the other way's advantage.
func (t transfer) begin(ctx context.Context) error {
	if len(t.before) == 0 {
		return nil
	}
	if out, err := exec.CommandContext(ctx, t.before[0], t.before[1:]...).CombinedOutput(); err != nil { //nolint:gosec // our own words
		return fmt.Errorf("%s: %s: %w", t.before[0], out, err)
	}
	return nil
}

// commanded runs the program of a transfer.
func commanded(ctx context.Context, t transfer) (cost, error) {
	cmd := exec.CommandContext(ctx, t.command[0], t.command[1:]...) //nolint:gosec // our own words
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return cost{}, fmt.Errorf("%s: %s: %w", t.command[0], out, err)
	}
	wall := time.Since(began)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, errors.New("this system does not tell what a process used")
	}
	return cost{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: usage.Maxrss << 10}, nil
}
