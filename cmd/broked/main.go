// Command broked is a data pipeline server: the server itself, the engine that
// executes one run, and commands for people on the host.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones, where the system has none

	"github.com/alecthomas/kong"

	"github.com/broked/broked/internal/fault"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal is not waited for: it ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], world{os.Stdin, os.Stdout, os.Stderr}))
}

// world is what a command talks to.
type world struct {
	in       io.Reader
	out, err io.Writer
}

// cli is the command line. Every flag of serve can be set by the environment
// variable that its help names.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Start the server."`
	Worker      workerCmd      `cmd:"" help:"Execute runs for the servers of a PostgreSQL, and nothing else."`
	Run         runCmd         `cmd:"" help:"Execute a pipeline file here, without a server."`
	Test        testCmd        `cmd:"" help:"Run the tests that pipeline files have, without a server."`
	Schedule    scheduleCmd    `cmd:"" help:"Say what schedules mean, without a server."`
	Runs        runsCmd        `cmd:"" help:"Start, list, follow, cancel and resume runs of a server."`
	Migrate     migrateCmd     `cmd:"" help:"Copy what a stopped server remembers from SQLite into a PostgreSQL."`
	Backfill    backfillCmd    `cmd:"" help:"Run a pipeline of a server for intervals that have passed."`
	GenerateKey generateKeyCmd `cmd:"" help:"Print a new key for serve --api-key; it is stored nowhere."`
	Login       loginCmd       `cmd:"" help:"Sign in to a server, for commands to come."`
	Logout      logoutCmd      `cmd:"" help:"Sign out of a server."`
	Whoami      whoamiCmd      `cmd:"" help:"Print who a server takes you for."`
	Users       usersCmd       `cmd:"" help:"Make, list, change and delete accounts, of a server or in a data folder."`
	Keys        keysCmd        `cmd:"" help:"Make, list and revoke the keys of service accounts, and rotate the signing key."`
	Workspaces  workspacesCmd  `cmd:"" help:"Make, list and delete workspaces and say who belongs to them, of a server or in a data folder."`
	Plugins     pluginsCmd     `cmd:"" help:"List, install, remove and try the plugins of this machine, which bring kinds of nodes."`
	Audit       auditCmd       `cmd:"" help:"Read and verify the audit log, of a server or in a data folder."`
	Health      healthCmd      `cmd:"" help:"Ask a server whether it is alive; for container health checks."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
	Openapi     openapiCmd     `cmd:"" help:"Print the OpenAPI document of the API."`
	Docs        docsCmd        `cmd:"" help:"Print reference documentation made from the program."`
	Engine      engineCmd      `cmd:"" hidden:"" help:"Execute one run that comes on standard input."`
}

// Exit statuses besides 0 and 1.
const (
	exitUsage = 2
	// These are those of sysexits.h.
	exitUnavailable = 69        // the server cannot be reached, or is none of ours
	exitLater       = 75        // try again later
	exitDenied      = 77        // not signed in, or not allowed to
	exitLocked      = exitLater // a server holds the data folder
)

// exitError ends the program with a status of its own.
type exitError struct {
	status int
	cause  error
}

func (e *exitError) Error() string { return e.cause.Error() }
func (e *exitError) Unwrap() error { return e.cause }

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, w world) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("broked"),
		kong.Description("A self-hosted data pipeline server."),
		kong.UsageOnError(),
		kong.Writers(w.out, w.err),
		kong.Exit(func(status int) { exited = status }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(w),
	)
	if err != nil {
		fmt.Fprintln(w.err, "broked:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help has been answered
	}
	if err != nil {
		fmt.Fprintln(w.err, "broked:", err)
		return exitUsage
	}
	if err := command.Run(); err != nil {
		tell(w.err, err)
		if e, ok := errors.AsType[*exitError](err); ok {
			return e.status
		}
		return 1
	}
	return 0
}

// tell prints err for the person at the terminal, who may see causes, and every
// problem on a line of its own.
func tell(w io.Writer, err error) {
	problems := fault.ProblemsOf(err)
	if len(problems) == 0 {
		fmt.Fprintln(w, "broked:", err)
		return
	}
	fmt.Fprintln(w, "broked: this is wrong:")
	for _, p := range problems {
		fmt.Fprintf(w, "  %s: %s\n", p.Path, p.Message)
	}
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(w world) error {
	_, err := fmt.Fprintln(w.out, "broked", version)
	return err
}
