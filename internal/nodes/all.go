// Package nodes has the built-in kinds of nodes: a file each, and a line in All.
package nodes

import "github.com/broked/broked/internal/node"

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
		sqlGenerateSpec,
		conditionSpec,
		qualityCheckSpec,
		sinkFileSpec,
		sinkAPISpec,
		notifySpec,
		sinkContactsSpec,
		sinkDBSpec,
	}
}
