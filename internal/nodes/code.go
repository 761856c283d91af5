package nodes

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/python"
)

const (
	defaultPython  = "python3"
	defaultTimeout = 300
	longestScript  = 1 << 20
)

// codeSpec computes rows by a script that a person has written.
var codeSpec = node.Spec{
	Kind: "code", Title: "Python", Icon: "python", Category: node.Transform, MinInputs: 0, MaxInputs: 1,
	Summary: "Compute rows by a Python script, in a process of its own that is shut in by the system. The script finds rows (a list of dicts), columns, params and config, and leaves its result in output_data. What it prints becomes lines of the run's log.",
	Settings: node.Schema{Type: node.TypeObject, Values: &node.Schema{}, Fields: []node.Field{
		{Name: "script", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "Script", MinLen: 1, MaxLen: longestScript, Format: node.FormatPython, Help: "Python 3. Left as it is, output_data has the rows of the input, so that changing them in place is enough. Parameters are data: params[\"month\"], never ${param.month}."}},
		{Name: "language", Schema: node.Schema{Type: node.TypeString, Title: "Language", Default: "python", Enum: []string{"python"}}},
		{Name: "timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Timeout", Default: defaultTimeout, Min: new(1.0), Max: new(86400.0), Help: "Seconds after which the script is ended and the node fails."}},
		{Name: "python_path", Schema: node.Schema{Type: node.TypeString, Title: "Interpreter", Default: defaultPython, MinLen: 1, Help: "A name such as python3.12, looked for in /usr/local/bin, /usr/bin and /bin, or the absolute path of an interpreter, such as that of a virtual environment."}},
	}},
	New: newCode,
	Lacks: func(config json.RawMessage) []fault.Problem {
		c := &codeNode{PythonPath: defaultPython}
		if err := json.Unmarshal(config, c); err != nil {
			return nil
		}
		if _, err := python.Find(c.PythonPath); err != nil {
			return problem("python_path", "%s", fault.MessageOf(err))
		}
		return nil
	},
}

// codeNode is a script with its settings.
type codeNode struct {
	Script     string  `json:"script"`
	Timeout    float64 `json:"timeout"`
	PythonPath string  `json:"python_path"`

	config map[string]any // everything but the script, for the script
	python python.Interpreter
}

// scriptPlaceholder is what Brokoli's users write where values are to go.
var scriptPlaceholder = regexp.MustCompile(`\$\{(param|var|secret|conn|run|env)\.[A-Za-z0-9_.-]+\}`)

func newCode(config json.RawMessage) (node.Node, error) {
	c := &codeNode{Timeout: defaultTimeout, PythonPath: defaultPython}
	if err := json.Unmarshal(config, c); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the Python node are not readable")
	}
	if err := json.Unmarshal(config, &c.config); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the Python node are not readable")
	}
	delete(c.config, "script")
	if len(c.Script) > longestScript {
		return nil, settingFault("script", "is longer than 1 MB")
	}
	c.Script = strings.ReplaceAll(strings.TrimPrefix(c.Script, "\ufeff"), "\r\n", "\n")
	if m := scriptPlaceholder.FindString(c.Script); m != "" {
		return nil, settingFault("script", "has %s, which is not replaced in scripts, so that no value can become code: parameters are in params, as in params[\"name\"]", m)
	}
	return c, nil
}

// Open implements node.Opener.
func (c *codeNode) Open(_ context.Context, env node.Env) (node.Access, error) {
	var err error
	if c.python, err = python.Find(c.PythonPath); err != nil {
		return node.Access{}, err
	}
	for _, folder := range c.python.Folders {
		if folder == "/" || strings.HasPrefix(env.Temp+"/", folder+"/") {
			return node.Access{}, settingFault("python_path", "%s lies in a folder with the server's own data, which a script must not see", c.PythonPath)
		}
	}
	if _, err := env.Roots.Read(c.python.Path); err == nil {
		return node.Access{}, settingFault("python_path", "%s lies in a folder that pipelines may write to, so that it cannot be trusted", c.PythonPath)
	}
	return node.Access{Programs: append(python.System(), c.python.Folders...)}, nil
}

// Process implements node.Procedural.
func (c *codeNode) Process(ctx context.Context, env node.Env, in node.Rows, write func(batch.Batch) error) error {
	s := python.Script{
		Interpreter: c.python, Text: c.Script, Config: c.config, Params: env.Params, Parameters: typed(env.Params), Legacy: env.Legacy,
		Timeout: time.Duration(c.Timeout * float64(time.Second)), Memory: env.Memory, Folder: env.Temp,
		Line: func(from python.Stream, line string) { printed(env, from, line) },
	}
	return s.Run(ctx, in.Columns, in.Batches, write)
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
func printed(env node.Env, from python.Stream, line string) {
	level := node.Info
	if from != python.Out {
		level = node.Warning
	}
	if from == python.Err {
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
