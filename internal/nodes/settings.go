package nodes

import "github.com/broked/broked/internal/node"

// The settings that several rules have.
var (
	columnSetting = node.Schema{Type: node.TypeString, Title: "Column", Format: node.FormatColumn}
	columnsList   = node.Schema{Type: node.TypeArray, Title: "Columns", Items: &columnSetting}
)

func columnsHelp(help string) node.Schema {
	s := columnsList
	s.Help = help
	return s
}
