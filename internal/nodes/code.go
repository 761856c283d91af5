package nodes

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/script"
)

const (
	defaultTimeout = 300
	longestScript  = 1 << 20
)

// codeSpec computes rows by a script that a person has written.
var codeSpec = node.Spec{
	Kind: "code", Title: "Code", Icon: "python", Category: node.Transform, MinInputs: 0, MaxInputs: 1,
	Summary: "Compute rows by a script in Python or JavaScript, in a process of its own that is shut in by the system. The script finds rows (a list of dicts or objects), columns, params and config, and leaves its result in output_data. What it prints becomes lines of the run's log. With max_retries it is run again after an error that it raises, but not after one of its grammar or its result, nor when it takes too long or too much memory.",
	Settings: node.Schema{Type: node.TypeObject, Values: &node.Schema{}, Fields: []node.Field{
		{Name: "script", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Script", MinLen: 1, MaxLen: longestScript, Format: node.FormatPython, Help: "Python 3, or JavaScript as Node.js knows it. Left as it is, output_data has the rows of the input, so that changing them in place is enough. Parameters are data: params[\"month\"], never ${param.month}."}},
		{Name: "language", Schema: node.Schema{Type: node.TypeString, Title: "Language", Default: script.Python.Name, Enum: []string{script.Python.Name, script.JavaScript.Name}}},
		{Name: "lazy", Schema: node.Schema{Type: node.TypeBoolean, Title: "Rows one by one", Default: false, Help: "Of Python: rows can be gone through once, while they come in, and none is kept, so that there may be any number. A generator in output_data, or emit, gives the result in the same way."}},
		{Name: "timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Timeout", Default: defaultTimeout, Min: new(1.0), Max: new(86400.0), Help: "Seconds after which the script is ended and the node fails."}},
		{Name: "python_path", Schema: node.Schema{Type: node.TypeString, Title: "Interpreter", Default: script.Python.Command, MinLen: 1, Help: "Of Python: a name such as python3.12, looked for in /usr/local/bin, /usr/bin and /bin, or the absolute path of an interpreter, such as that of a virtual environment."}},
		{Name: "node_path", Schema: node.Schema{Type: node.TypeString, Title: "Node.js", Default: script.JavaScript.Command, MinLen: 1, Help: "Of JavaScript: the name of the interpreter, looked for in the same places, or its absolute path."}},
		{Name: "max_memory_mb", Schema: node.Schema{Type: node.TypeInteger, Title: "Memory", Min: new(64.0), Max: new(1048576.0), Help: "Megabytes that the script may use, its rows and the interpreter included. Without it, and where it is more, as many as a run has on the server."}},
		{Name: "max_cpu_seconds", Schema: node.Schema{Type: node.TypeInteger, Title: "Processor time", Min: new(1.0), Max: new(86400.0), Help: "Seconds of processor time after which the script is ended; each process that it starts has as many. Without it, as many as the timeout has."}},
	}},
	Permissions: []string{string(auth.PipelinesCode)},
	New:         newCode,
	Lacks: func(config json.RawMessage) []fault.Problem {
		c := newSettings()
		if err := json.Unmarshal(config, &c); err != nil {
			return nil
		}
		if _, err := c.find(); err != nil {
			return problem(c.interpreter(), "%s", fault.MessageOf(err))
		}
		return nil
	},
}

// codeNode is a script with its settings.
type codeNode struct {
	Script     string  `json:"script"`
	Language   string  `json:"language"`
	Lazy       bool    `json:"lazy"`
	Timeout    float64 `json:"timeout"`
	PythonPath string  `json:"python_path"`
	NodePath   string  `json:"node_path"`
	MaxMemory  int64   `json:"max_memory_mb"`
	MaxCPU     int64   `json:"max_cpu_seconds"`

	config map[string]any // everything but the script, for the script
	found  script.Interpreter
}

func newSettings() codeNode {
	return codeNode{Language: script.Python.Name, Timeout: defaultTimeout, PythonPath: script.Python.Command, NodePath: script.JavaScript.Command}
}

// interpreter returns the setting that names the interpreter.
func (c *codeNode) interpreter() string {
	if c.Language == script.JavaScript.Name {
		return "node_path"
	}
	return "python_path"
}

func (c *codeNode) find() (script.Interpreter, error) {
	if c.Language == script.JavaScript.Name {
		return script.JavaScript.Find(c.NodePath)
	}
	return script.Python.Find(c.PythonPath)
}

// scriptPlaceholder is what Brokoli's users write where values are to go.
var scriptPlaceholder = regexp.MustCompile(`\$\{(param|var|secret|conn|run|env)\.[A-Za-z0-9_.-]+\}`)

func newCode(config json.RawMessage) (node.Node, error) {
	c := newSettings()
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the code node are not readable")
	}
	if err := json.Unmarshal(config, &c.config); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the code node are not readable")
	}
	delete(c.config, "script")
	if len(c.Script) > longestScript {
		return nil, settingFault("script", "is longer than 1 MB")
	}
	c.Script = strings.ReplaceAll(strings.TrimPrefix(c.Script, "\ufeff"), "\r\n", "\n")
	if c.Lazy && c.Language != script.Python.Name {
		return nil, settingFault("lazy", "is for Python")
	}
	if m := scriptPlaceholder.FindString(c.Script); m != "" {
		return nil, settingFault("script", "has %s, which is not replaced in scripts, so that no value can become code: parameters are in params, as in params[\"name\"]", m)
	}
	return &c, nil
}

// Open implements node.Opener.
func (c *codeNode) Open(_ context.Context, env node.Env) (node.Access, error) {
	var err error
	if c.found, err = c.find(); err != nil {
		return node.Access{}, err
	}
	if err := script.Refused(); err != nil {
		return node.Access{}, err
	}
	for _, folder := range c.found.Folders {
		if folder == "/" || strings.HasPrefix(env.Temp+"/", folder+"/") {
			return node.Access{}, settingFault(c.interpreter(), "%s lies in a folder with the server's own data, which a script must not see", c.found.Path)
		}
	}
	if _, err := env.Roots.Read(c.found.Path); err == nil {
		return node.Access{}, settingFault(c.interpreter(), "%s lies in a folder that pipelines may write to, so that it cannot be trusted", c.found.Path)
	}
	return node.Access{Programs: append(script.System(), c.found.Folders...)}, nil
}

// Process implements node.Procedural.
func (c *codeNode) Process(ctx context.Context, env node.Env, in node.Rows, write func(batch.Batch) error) error {
	s := script.Script{
		Interpreter: c.found, Text: c.Script, Config: c.config, Params: env.Params, Parameters: typed(env.Params), Lazy: c.Lazy, Legacy: env.Legacy,
		Timeout: time.Duration(c.Timeout * float64(time.Second)), Memory: bounded(env.Memory, c.MaxMemory<<20), CPU: time.Duration(c.MaxCPU) * time.Second, Folder: env.Temp,
		Line: func(from script.Stream, line string) { printed(env, from, line) },
	}
	return s.Run(ctx, in.Columns, in.Batches, write)
}

// bounded returns the smaller of what a run has and what a node may use at most, of
// which 0 is no bound.
func bounded(has, most int64) int64 {
	if most > 0 {
		return min(has, most)
	}
	return has
}

// typed returns parameters as what they look like: whole numbers, fractions, truth
// values and text.
func typed(params map[string]string) map[string]any {
	all := make(map[string]any, len(params))
	for name, value := range params {
		all[name] = value
		if jsonScalar.MatchString(value) {
			all[name] = json.RawMessage(value)
		}
	}
	return all
}

var jsonScalar = regexp.MustCompile(`^(true|false|-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,15})?)$`)

// markers are how lines on standard error begin that say more than text.
var markers = []struct {
	prefix string
	level  node.Level
}{{"#WARNING:", node.Warning}, {"#ERROR:", node.Error}, {"#VALIDATION_FAILED:", node.Error}, {"#VALIDATION_OK:", node.Info}}

// printed logs a line that a script has printed.
func printed(env node.Env, from script.Stream, line string) {
	level := node.Info
	if from != script.Out {
		level = node.Warning
	}
	if from == script.Err {
		if strings.HasPrefix(line, "#PROGRESS:") {
			return
		}
		for _, m := range markers {
			if rest, is := strings.CutPrefix(line, m.prefix); is {
				level, line = m.level, strings.TrimSpace(rest)
			}
		}
	}
	env.Log(level, "%s", line)
}
