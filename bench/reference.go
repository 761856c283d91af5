package main

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the driver "duckdb"
)

// generate writes n rows of seven columns, the same every time.
func generate(path string, n int) (err error) {
	f, err := os.Create(path) //nolint:gosec // a file in a folder of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable, not secret
	countries := []string{"DE", "FR", "US", "GB", "IT", "ES", "NL", "PL", "SE", "JP", "BR", "IN"}
	statuses := []string{"paid", "open", "cancelled"}
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	fmt.Fprintln(w, "id,name,email,country,amount,ts,status")
	for i := range n {
		fmt.Fprintf(w, "%d,Customer %d,customer%d@mail%d.example,%s,%.2f,%s,%s\n", i+1, i+1, r.IntN(n), r.IntN(100),
			countries[r.IntN(len(countries))], r.Float64()*1000, begin.Add(time.Duration(r.IntN(31_536_000))*time.Second).Format(time.DateTime),
			statuses[r.IntN(len(statuses))])
	}
	return w.Flush()
}

// otherInput is where the second input of a join lies.
func otherInput(input string) string { return filepath.Join(filepath.Dir(input), "other.csv") }

// generateOther writes n rows that match every fifth of those of generate.
func generateOther(path string, n int) (err error) {
	f, err := os.Create(path) //nolint:gosec // a file in a folder of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "customer,segment")
	for i := range n {
		fmt.Fprintf(w, "%d,segment %d\n", i*5+1, i%7)
	}
	return w.Flush()
}

// reference executes one statement, as somebody would who writes it by hand.
func reference(ctx context.Context, statement string) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement) //nolint:gosec // the statement is ours
	return errors.Join(err, db.Close())
}

// runReference executes t's statement in a fresh process.
func runReference(ctx context.Context, t task, input string) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	reader := "read_csv"
	if filepath.Ext(input) == ".parquet" {
		reader = "read_parquet"
	}
	from, other := fmt.Sprintf("%s('%s')", reader, input), fmt.Sprintf("read_csv('%s')", otherInput(input))
	// The other input is named in every statement, lest Sprintf complains where it is not read.
	statement := fmt.Sprintf("COPY ("+t.sql+") TO '%[3]s' (%[4]s) -- %[2]s", from, other, filepath.Join(filepath.Dir(input), "reference.csv"), cmp.Or(t.form, "HEADER"))
	cmd := exec.CommandContext(ctx, self, "reference", statement) //nolint:gosec // our own program
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, err
	}
	wall := time.Since(began)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, errors.New("this system does not tell what a process used")
	}
	return cost{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: usage.Maxrss << 10}, nil
}
