package executor

import (
	"testing"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// TestEnginesOfOtherValues checks that an engine meets no run for which a name stands for
// something else, wherever it is named.
func TestEnginesOfOtherValues(t *testing.T) {
	t.Parallel()
	claim := runs.Claim{Run: runs.Run{Pipeline: "p", PipelineVersion: 1}}
	of := func(values map[string]string, config string) string {
		return alike(claim, job.Job{Values: values, Nodes: []job.Step{{ID: "a", Kind: "k", Config: []byte(config)}}})
	}
	first := of(map[string]string{"run.id": "1", "param.p": "x", "interval.start": "a", "var.region": "eu"}, `{}`)
	for name, tc := range map[string]struct {
		values map[string]string
		config string
		same   bool
	}{
		"another run":                 {map[string]string{"run.id": "2", "param.p": "y", "interval.start": "b", "var.region": "eu"}, `{}`, true},
		"another value that is bound": {map[string]string{"run.id": "1", "param.p": "x", "interval.start": "a", "var.region": "us"}, `{}`, false},
		"no such value":               {map[string]string{"run.id": "1"}, `{}`, false},
		"another setting":             {map[string]string{"var.region": "eu"}, `{"a":1}`, false},
	} {
		if same := of(tc.values, tc.config) == first; same != tc.same {
			t.Errorf("%s: the same is %v", name, same)
		}
	}
}

// TestSecretsOfSettingsAreMasked checks that what settings were given is masked as what
// connections have.
func TestSecretsOfSettingsAreMasked(t *testing.T) {
	t.Parallel()
	hidden := masksOf(job.Job{Hidden: []string{"s3cret/token", "short"}})
	m := hidden.message(job.Message{Message: "GET /?key=s3cret%2Ftoken with s3cret/token, short", Error: &job.Failure{Message: "s3cret/token"}, Table: &job.Sample{Rows: [][]any{{"czNjcmV0L3Rva2Vu"}}}})
	if m.Message != "GET /?key=******** with ********, short" || m.Error.Message != mask || m.Table.Rows[0][0] != mask {
		t.Errorf("%q, %q, %v", m.Message, m.Error.Message, m.Table.Rows)
	}
}

// TestRunsNoteWhatTheyName checks that the version of a variable is told and no value.
func TestRunsNoteWhatTheyName(t *testing.T) {
	t.Parallel()
	r := newRecorder(New(Deps{}), runs.Claim{Run: runs.Run{ID: "r"}})
	r.uses(&pipelines.Known{Named: map[string]pipelines.Meaning{"var.b": {Text: "x", Version: 2}, "secret.a": {Text: "y", Version: 7, Secret: true}}})
	told := r.take()
	if len(told) != 1 || len(told[0].Names) != 2 || told[0].Names[0] != (runs.Name{Name: "secret.a", Version: 7}) || told[0].Names[1] != (runs.Name{Name: "var.b", Version: 2}) {
		t.Errorf("%+v", told)
	}
}
