// Package nodes has the built-in kinds of nodes: a file each, and a line in All.
package nodes

import (
	"encoding/json"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// Programs are what whoever started a server lets runs execute.
type Programs struct {
	Bash bool
	DBT  string // the program: a name or an absolute path; empty is none
}

// Offered returns All as a server offers them: without the word of whoever started it
// no node executes programs, neither when it is saved nor when it is run.
func Offered(programs Programs) []node.Spec {
	all := All()
	for i := range all {
		switch {
		case all[i].Kind == bashSpec.Kind && !programs.Bash:
			all[i].New = off("bash_off", "bash nodes are switched off here: whoever runs the server can start it with --allow-bash (BROKOLI_ALLOW_BASH=yes)")
		case all[i].Kind == dbtKind && programs.DBT == "":
			all[i].New = off("dbt_off", "dbt nodes are switched off here: whoever runs the server can start it with --allow-dbt and the program, such as --allow-dbt /opt/dbt/bin/dbt (BROKOLI_ALLOW_DBT)")
		case all[i].Kind == dbtKind:
			all[i] = dbtSpec(programs.DBT)
		}
	}
	return all
}

// off makes no node, and says why.
func off(code, words string) func(json.RawMessage) (node.Node, error) {
	return func(json.RawMessage) (node.Node, error) { return nil, fault.New(fault.Invalid, "%s", words).With(code) }
}

// All returns the specs of the built-in kinds.
func All() []node.Spec {
	return []node.Spec{
		sourceFileSpec,
		sourceContactsSpec,
		sourceAPISpec,
		sourceDBSpec,
		sourceWebhookSpec,
		migrateSpec,
		dbtSpec("dbt"),
		transformSpec,
		filterSpec,
		projectSpec,
		sortSpec,
		limitSpec,
		deduplicateSpec,
		aggregateSpec,
		joinSpec,
		unionSpec,
		windowSpec,
		pivotSpec,
		unpivotSpec,
		sampleSpec,
		sqlSpec,
		codeSpec,
		bashSpec,
		sqlGenerateSpec,
		conditionSpec,
		waitSpec,
		subpipelineSpec,
		mapSpec,
		qualityCheckSpec,
		sinkFileSpec,
		sinkAPISpec,
		notifySpec,
		sinkContactsSpec,
		sinkDBSpec,
	}
}
