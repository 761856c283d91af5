package nodes

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/script"
)

// longestCommand is in bytes: it is one argument of a program.
const longestCommand = 100_000

// bashSpec executes a command, and leaves the rows as they are.
var bashSpec = node.Spec{
	Kind: "bash", Effects: true, Title: "Bash command", Icon: "terminal", Category: node.Transform, MinInputs: 0, MaxInputs: 1, Alone: true,
	Summary: "Execute a command by bash (with pipefail) and hand the rows on unchanged; without an input one row with exit_status comes out. What it prints becomes lines of the run's log. It has no network, and of the machine's files the programs, the node's own folder and the folders of pipelines. Servers offer it only when they were started with --allow-bash.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "command", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Command", MinLen: 1, MaxLen: longestCommand, Format: node.FormatCode, Help: "For bash. Values come by the environment, never into the text: the parameter month is $PARAM_MONTH, and env has the others. The node fails when the exit status is not 0, and max_retries tries it again then."}},
		{Name: "working_dir", Schema: node.Schema{Type: node.TypeString, Title: "Working directory", MinLen: 1, Format: node.FormatPath, Help: "An existing folder among those of pipelines. Without it, the node's own folder, which is removed after the run."}},
		{Name: "env", Schema: node.Schema{Type: node.TypeObject, Title: "Environment", Values: &node.Schema{Secrets: true, Type: node.TypeString}, Help: "Variables by name, such as MONTH: ${param.month}. The environment of the server is not there."}},
		{Name: "timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Timeout", Default: defaultTimeout, Min: new(1.0), Max: new(86400.0), Help: "Seconds after which the command is told to end (SIGTERM), and killed five seconds later, and the node fails."}},
		{Name: "max_memory_mb", Schema: node.Schema{Type: node.TypeInteger, Title: "Memory", Min: new(64.0), Max: new(1048576.0), Help: "Megabytes that each process of the command may use. Without it, and where it is more, as many as a run has on the server."}},
		{Name: "max_cpu_seconds", Schema: node.Schema{Type: node.TypeInteger, Title: "Processor time", Min: new(1.0), Max: new(86400.0), Help: "Seconds of processor time after which a process of the command is ended. Without it, as many as the timeout has."}},
	}},
	Permissions: []string{string(auth.PipelinesCode)},
	New:         newBash,
	Lacks: func(json.RawMessage) []fault.Problem {
		if _, err := script.Bash(); err != nil {
			return problem("command", "%s", fault.MessageOf(err))
		}
		return nil
	},
}

// bash is a command with its settings.
type bash struct {
	Command    string            `json:"command"`
	WorkingDir string            `json:"working_dir"`
	Env        map[string]string `json:"env"`
	Timeout    float64           `json:"timeout"`
	MaxMemory  int64             `json:"max_memory_mb"`
	MaxCPU     int64             `json:"max_cpu_seconds"`

	folder string
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func newBash(config json.RawMessage) (node.Node, error) {
	b := &bash{Timeout: defaultTimeout}
	if err := json.Unmarshal(config, b); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the bash node are not readable")
	}
	b.Command = strings.ReplaceAll(strings.TrimPrefix(b.Command, "\ufeff"), "\r\n", "\n")
	if len(b.Command) > longestCommand {
		return nil, settingFault("command", "is longer than %d bytes", longestCommand)
	}
	if strings.ContainsRune(b.Command, 0) {
		return nil, settingFault("command", "has a NUL character")
	}
	if m := scriptPlaceholder.FindString(b.Command); m != "" {
		return nil, settingFault("command", "has %s, which is not replaced in commands, so that no value can become a command: the parameter month is $PARAM_MONTH, and other values come by env", m)
	}
	return b, checkVariables(b.Env)
}

// checkVariables refuses what cannot be in an environment.
func checkVariables(env map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !variableName.MatchString(name) {
			return settingFault("env", "has %q, which is no name of a variable: letters, digits and _", name)
		}
		if strings.ContainsRune(env[name], 0) {
			return settingFault("env", "has a NUL character in %s", name)
		}
	}
	return nil
}

// Open implements node.Opener.
func (b *bash) Open(_ context.Context, env node.Env) (node.Access, error) {
	if err := script.CommandsRefused(); err != nil {
		return node.Access{}, err
	}
	b.folder = env.Temp
	if b.WorkingDir != "" {
		var err error
		if b.folder, err = env.Roots.Existing(b.WorkingDir); err != nil {
			return node.Access{}, about("working_dir", err)
		}
	}
	grounds, err := env.Roots.Grounds()
	return node.Access{Programs: script.System(), Grounds: grounds}, err
}

// Inspect implements node.Inspector.
func (b *bash) Inspect(ctx context.Context, env node.Env, _ []node.Relation) (node.Verdict, error) {
	variables, err := b.variables(env.Params)
	if err != nil {
		return node.Verdict{}, err
	}
	return node.Verdict{}, script.Command{
		Text: b.Command, Folder: b.folder, Temp: env.Temp, Grounds: env.Access.Grounds, Variables: variables,
		Timeout: time.Duration(b.Timeout * float64(time.Second)), CPU: time.Duration(b.MaxCPU) * time.Second,
		Memory: bounded(env.Memory, b.MaxMemory<<20),
		Line:   func(from script.Stream, line string) { printed(env, from, line) },
	}.Run(ctx)
}

var noVariable = regexp.MustCompile(`[^A-Z0-9_]`)

// variables returns what the environment has besides what all have: the parameters
// and, after them, those of the settings.
func (b *bash) variables(params map[string]string) ([]string, error) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if strings.ContainsRune(params[name], 0) {
			return nil, fault.New(fault.Invalid, "the parameter %s has a NUL character, which no command can be given", name).With("bad_value")
		}
		all = append(all, "PARAM_"+noVariable.ReplaceAllString(strings.ToUpper(name), "_")+"="+params[name])
	}
	for _, name := range slices.Sorted(maps.Keys(b.Env)) {
		all = append(all, name+"="+b.Env[name])
	}
	return all, nil
}

// Select implements node.Relational.
func (*bash) Select(_ context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	if len(in) > 0 {
		rel := in[0]
		rel.SameRows = true
		return rel, nil
	}
	return node.Relation{SQL: "SELECT 0 AS exit_status", Columns: []node.Column{{Name: "exit_status", Type: "INTEGER"}}, Rows: 1}, nil
}
