// Package nodes has the built-in kinds of nodes: a file each, and a line in All.
package nodes

import (
	"encoding/json"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// Offered returns All as a server offers them: without the word of whoever started it
// no node executes commands, neither when it is saved nor when it is run.
func Offered(bash bool) []node.Spec {
	all := All()
	for i := range all {
		if all[i].Kind == bashSpec.Kind && !bash {
			all[i].New = func(json.RawMessage) (node.Node, error) {
				return nil, fault.New(fault.Invalid, "bash nodes are switched off here: whoever runs the server can start it with --allow-bash (BROKOLI_ALLOW_BASH=yes)").With("bash_off")
			}
		}
	}
	return all
}

// All returns the specs of the built-in kinds.
func All() []node.Spec {
	return []node.Spec{
		sourceFileSpec,
		sourceContactsSpec,
		sourceAPISpec,
		sourceDBSpec,
		migrateSpec,
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
		qualityCheckSpec,
		sinkFileSpec,
		sinkAPISpec,
		notifySpec,
		sinkContactsSpec,
		sinkDBSpec,
	}
}
