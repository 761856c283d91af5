package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/script"
)

const (
	dbtKind    = "dbt"
	dbtTimeout = 1800
	dbtList    = "ls"
)

// dbtSpec executes a project of dbt by a program, which is looked for when it runs.
func dbtSpec(program string) node.Spec {
	return node.Spec{
		Kind: dbtKind, Effects: true, Title: "dbt", Icon: "hammer", Category: node.Transform, MinInputs: 0, MaxInputs: 1, Alone: true,
		Summary: "Execute a project of dbt and give a row for each of its models, tests, seeds and snapshots: unique_id, resource_type, name, status, execution_time, message and rows_affected. The node fails when dbt does. Rows that come in are waited for and not used. Servers offer it only when they were started with --allow-dbt.",
		Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
			{Name: "command", Schema: node.Schema{Type: node.TypeString, Title: "Command", Default: "run", Enum: []string{"run", "test", "build", "seed", "snapshot", "compile", dbtList}, Help: "What dbt is to do. ls gives unique_id, resource_type and name alone."}},
			{Name: "project_dir", Schema: node.Schema{Type: node.TypeString, Title: "Project", Default: ".", MinLen: 1, Format: node.FormatPath, Help: "The folder with dbt_project.yml, among those of pipelines. What dbt makes is left in target, in it."}},
			{Name: "profiles_dir", Schema: node.Schema{Type: node.TypeString, Title: "Profiles", MinLen: 1, Format: node.FormatPath, Help: "The folder with profiles.yml, among those of pipelines. Without it, the project's. Let it take passwords by env_var, and give them in env."}},
			{Name: "profile", Schema: dbtWord("Profile", "Without it, the one that the project names.")},
			{Name: "target", Schema: dbtWord("Target", "Without it, the one that the profile names.")},
			{Name: "select", Schema: dbtWord("Select", "Which models, in dbt's words, such as tag:daily or orders+. Without it, all.")},
			{Name: "vars", Schema: node.Schema{Type: node.TypeString, Format: node.FormatLongText, Title: "Variables", Help: "Of the project, as YAML or JSON, such as {\"month\": \"${param.month}\"}."}},
			{Name: "threads", Schema: node.Schema{Type: node.TypeInteger, Title: "Threads", Min: new(1.0), Max: new(32.0), Help: "How many models dbt works on at once. Without it, as many as the profile says."}},
			{Name: "env", Schema: node.Schema{Type: node.TypeObject, Title: "Environment", Values: &node.Schema{Secrets: true, Type: node.TypeString}, Help: "Variables by name. The environment of the server is not there."}},
			{Name: "timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Timeout", Default: dbtTimeout, Min: new(1.0), Max: new(86400.0), Help: "Seconds after which dbt is told to end (SIGTERM), and killed five seconds later, and the node fails."}},
		}},
		Permissions: []string{string(auth.PipelinesCode)},
		New:         func(config json.RawMessage) (node.Node, error) { return newDBT(program, config) },
		Lacks: func(json.RawMessage) []fault.Problem {
			_, err := script.FindProgram(program)
			if err == nil {
				_, err = script.Bash()
			}
			if err != nil {
				return problem("command", "%s", fault.MessageOf(err))
			}
			return nil
		},
	}
}

func dbtWord(title, help string) node.Schema {
	return node.Schema{Type: node.TypeString, Title: title, Help: help}
}

// dbt is a project with its settings.
type dbt struct {
	Command     string            `json:"command"`
	ProjectDir  string            `json:"project_dir"`
	ProfilesDir string            `json:"profiles_dir"`
	Profile     string            `json:"profile"`
	Target      string            `json:"target"`
	Select      string            `json:"select"`
	Vars        string            `json:"vars"`
	Threads     int               `json:"threads"`
	Env         map[string]string `json:"env"`
	Timeout     float64           `json:"timeout"`

	program           string
	found             script.Program
	project, profiles string
}

func newDBT(program string, config json.RawMessage) (node.Node, error) {
	d := &dbt{Command: "run", ProjectDir: ".", Timeout: dbtTimeout, program: program}
	if err := json.Unmarshal(config, d); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the dbt node are not readable")
	}
	if err := checkVariables(d.Env); err != nil {
		return nil, err
	}
	return d, d.check()
}

// check refuses words that dbt would take for options of its own.
func (d *dbt) check() error {
	for _, s := range []struct{ name, value string }{{"profile", d.Profile}, {"target", d.Target}, {"select", d.Select}, {"vars", d.Vars}} {
		words := strings.Fields(s.value)
		if s.name == "vars" {
			words = words[:min(len(words), 1)]
		}
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") }) {
			return settingFault(s.name, "has a word that begins with -, which dbt would take for an option")
		}
		if strings.ContainsRune(s.value, 0) {
			return settingFault(s.name, "has a NUL character")
		}
	}
	return nil
}

// sharedMemory is where Python keeps the locks that processes have in common.
const sharedMemory = "/dev/shm"

// Open implements node.Opener.
func (d *dbt) Open(_ context.Context, env node.Env) (node.Access, error) {
	if err := script.CommandsRefused(); err != nil {
		return node.Access{}, err
	}
	var err error
	if d.found, err = script.FindProgram(d.program); err != nil {
		return node.Access{}, err
	}
	if err := trusted(env, d.found); err != nil {
		return node.Access{}, err
	}
	if d.project, err = env.Roots.Existing(d.ProjectDir); err != nil {
		return node.Access{}, about("project_dir", err)
	}
	d.profiles = d.project
	if d.ProfilesDir != "" {
		if d.profiles, err = env.Roots.Existing(d.ProfilesDir); err != nil {
			return node.Access{}, about("profiles_dir", err)
		}
	}
	grounds, err := env.Roots.Grounds()
	return node.Access{
		Programs: append(script.System(), d.found.Folders...), Grounds: append(grounds, sharedMemory), Network: true,
	}, err
}

// trusted refuses a program that pipelines could write, and one whose folders have
// the server's data in them.
func trusted(env node.Env, p script.Program) error {
	if _, err := env.Roots.Read(p.Path); err == nil {
		return fault.New(fault.Invalid, "%s lies in a folder that pipelines may write to, so that it cannot be trusted: whoever runs the server can move it", p.Path).With("program_missing")
	}
	for _, folder := range p.Folders {
		if _, err := env.Roots.Existing(folder); err == nil {
			return fault.New(fault.Invalid, "%s uses %s, which pipelines may write to, so that it cannot be trusted: whoever runs the server can move it", p.Path, folder).With("program_missing")
		}
		if folder == "/" || strings.HasPrefix(env.Temp+"/", folder+"/") {
			return fault.New(fault.Invalid, "%s lies in a folder with the server's own data, which it must not see: whoever runs the server can move it", p.Path).With("program_missing")
		}
	}
	return nil
}

// arguments returns what dbt is called with.
func (d *dbt) arguments() []string {
	all := []string{"--log-format", "json", d.Command, "--project-dir", d.project, "--profiles-dir", d.profiles}
	for _, o := range []struct{ name, value string }{
		{"--profile", d.Profile}, {"--target", d.Target}, {"--select", d.Select}, {"--vars", d.Vars},
	} {
		if o.value != "" {
			all = append(all, o.name, o.value)
		}
	}
	if d.Threads > 0 {
		all = append(all, "--threads", strconv.Itoa(d.Threads))
	}
	if d.Command == dbtList {
		all = append(all, "--output", "json")
	}
	return all
}

// variables returns the environment of dbt. That of the settings wins, but for where
// results and logs go.
func (d *dbt) variables(temp string) []string {
	all := []string{"DBT_SEND_ANONYMOUS_USAGE_STATS=false", "DBT_USE_COLORS=false", "OPENSSL_CONF=/dev/null"} // it may not read the system's
	for _, name := range slices.Sorted(maps.Keys(d.Env)) {
		all = append(all, name+"="+d.Env[name])
	}
	return append(all, "DBT_TARGET_PATH="+filepath.Join(d.project, "target"), "DBT_LOG_PATH="+filepath.Join(temp, "logs"))
}

// Process implements node.Procedural.
func (d *dbt) Process(ctx context.Context, env node.Env, in node.Rows, write func(batch.Batch) error) error {
	if in.Batches != nil {
		for _, err := range in.Batches { // what comes before is done first
			if err != nil {
				return err
			}
		}
	}
	ear := &dbtEar{log: env.Log}
	text, list := `exec "$@"`, filepath.Join(env.Temp, "list")
	if d.Command == dbtList {
		text += ` >"$HOME/list"` // a project may have more models than a log has lines
	}
	err := script.Command{
		Text: text, Args: append([]string{d.found.Path}, d.arguments()...), Folder: d.project, Temp: env.Temp,
		Reads: slices.Concat(d.found.Folders, outbound.MachineFiles, outbound.MachineFolders), Grounds: env.Access.Grounds,
		Variables: d.variables(env.Temp), Network: true,
		Timeout: time.Duration(d.Timeout * float64(time.Second)), Memory: env.Memory,
		Line: ear.hear,
	}.Run(ctx)
	var read error
	var results []dbtResult
	if d.Command == dbtList {
		results, read = ear.list(list)
	} else {
		results, read = dbtResults(filepath.Join(d.project, "target", "run_results.json"), ear.invocation)
	}
	if err != nil && fault.CodeOf(err) == "command_failed" {
		return d.failure(err, results, ear)
	}
	if err := errors.Join(err, read); err != nil {
		return err
	}
	return write(dbtBatch(results))
}

// failure puts into words what dbt has not done.
func (d *dbt) failure(err error, results []dbtResult, ear *dbtEar) error {
	why := ear.last
	if bad := slices.DeleteFunc(slices.Clone(results), dbtResult.good); len(bad) > 0 {
		why = nil
		for _, r := range bad[:min(len(bad), mostNamed)] {
			why = append(why, strings.TrimSpace(r.UniqueID+" ("+r.Status+") "+cleaned(r.Message)))
		}
		why = append([]string{strconv.Itoa(len(bad)) + " of " + strconv.Itoa(len(results)) + " failed"}, why...)
	}
	if len(why) == 0 {
		return err
	}
	words := fault.Wrap(fault.Invalid, err, "dbt %s: %s", d.Command, strings.Join(why, " / ")).With("dbt_failed")
	if fault.IsTransient(err) {
		return fault.Transient(words)
	}
	return words
}
