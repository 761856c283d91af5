package nodes

import (
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/node"
)

// loadFields are the settings of a load into a table, but for the table itself.
func loadFields() []node.Field {
	return []node.Field{
		{Name: "mode", Schema: node.Schema{Type: node.TypeString, Title: "Mode", Default: "append", Enum: []string{"append", "overwrite", "replace", "upsert", "merge-delete"}, Help: "What becomes of the rows that the table has: append keeps them, overwrite (or replace) removes them, upsert updates those with the key of a new row, and merge-delete does that and then removes those whose key no new row has, so that the table becomes like the input without being made anew. No rows empty it."}},
		{Name: "key_columns", Schema: node.Schema{Type: node.TypeArray, Title: "Key columns", Items: &node.Schema{Type: node.TypeString, MinLen: 1, Format: node.FormatColumn}, Help: "Of upsert and merge-delete: the columns that tell rows apart. The table needs a unique key of them."}},
		{Name: "delete_where", Schema: node.Schema{Type: node.TypeString, Title: "Rows that may go", MinLen: 1, MaxLen: 1 << 16, Format: node.FormatSQL, Help: "Of merge-delete: a condition over the table's columns, in the database's own SQL, such as day >= ${interval.start}. Rows for which it does not hold stay, whether the input has them or not. A placeholder is a value that is bound."}},
		{Name: "truncate", Schema: node.Schema{Type: node.TypeBoolean, Title: "Empty the table first", Default: false}},
		{Name: "create_table", Schema: node.Schema{Type: node.TypeBoolean, Title: "Make the table", Default: false, Help: "When there is none, one is made of the columns and their types, and with it the file. A table that is to be overwritten and lacks columns is made anew."}},
		{Name: "new_columns", Schema: node.Schema{Type: node.TypeString, Title: "Columns that the table lacks", Default: "fail", Enum: []string{"fail", string(databases.AddColumns), string(databases.IgnoreColumns)}, Help: "fail writes nothing and names them. add_columns adds them to the table, in the transaction of the load; rows that are there have null in them. MySQL and MariaDB add them before it, so that they stay when the load fails. ignore leaves them out. The log tells which they were. Columns that only the table has get their default."}},
		{Name: "exactly_once", Schema: node.Schema{Type: node.TypeBoolean, Title: "Once for a run", Default: false, Help: "Note the load in the table " + databases.LoadsTable + " of the same database, in the same transaction: when the machine dies after the commit and before it could say so, the run that goes on finds it and writes nothing twice. The table is made if need be. A run that is resumed is another run."}},
	}
}

// tableLoad is what loadFields mean.
type tableLoad struct {
	Mode        string   `json:"mode"`
	KeyColumns  []string `json:"key_columns"`
	DeleteWhere string   `json:"delete_where"`
	Truncate    bool     `json:"truncate"`
	CreateTable bool     `json:"create_table"`
	NewColumns  string   `json:"new_columns"`
	ExactlyOnce bool     `json:"exactly_once"`

	scope dbQuery
}

// isPlain reports whether nothing is set that is about a table.
func (l *tableLoad) isPlain() bool {
	return len(l.KeyColumns) == 0 && !l.Truncate && !l.CreateTable && (l.Mode == "" || l.Mode == "append") &&
		l.DeleteWhere == "" && (l.NewColumns == "" || l.NewColumns == "fail") && !l.ExactlyOnce
}

func (l *tableLoad) checkLoad() error {
	mode := databases.Mode(l.Mode)
	switch {
	case mode.Merges() && len(l.KeyColumns) == 0:
		return settingFault("key_columns", "are needed for %s: the columns that tell rows apart", l.Mode)
	case !mode.Merges() && len(l.KeyColumns) > 0:
		return settingFault("key_columns", "are for upsert and merge-delete: set mode to one of them, or leave them out")
	case mode != databases.MergeDelete && l.DeleteWhere != "":
		return settingFault("delete_where", "is for merge-delete: set mode to it, or leave this out")
	case mode == databases.MergeDelete && l.Truncate:
		return settingFault("truncate", "leaves merge-delete nothing to merge with: set mode to overwrite")
	}
	var err error
	if l.scope, err = readQuery(l.DeleteWhere); err != nil {
		return settingFault("delete_where", "%s", err.Error())
	}
	return nil
}

// into returns the load into a table of a sort of database.
func (l *tableLoad) into(table string, kind databases.Kind, env node.Env) (databases.Load, error) {
	mode := databases.Mode(l.Mode)
	switch l.Mode {
	case "":
		mode = databases.Append
	case "replace":
		mode = databases.Overwrite
	}
	load := databases.Load{
		Table: table, Mode: mode, Keys: l.KeyColumns, Truncate: l.Truncate, Create: l.CreateTable, Once: l.ExactlyOnce,
		Attempt: attemptOf(env), Told: &databases.Told{},
	}
	if l.NewColumns != "fail" {
		load.NewColumns = databases.NewColumns(l.NewColumns)
	}
	if l.DeleteWhere == "" {
		return load, nil
	}
	var err error
	if load.Scope, err = l.scope.bind(kind, env.Values); err != nil {
		return load, settingFault("delete_where", "%s", err.Error())
	}
	return load, nil
}

// tell logs what a load has done besides writing rows.
func (l *tableLoad) tell(env node.Env, told *databases.Told) {
	if told.Before {
		env.Log(node.Info, "an earlier attempt of this run had committed the rows: nothing was written again")
	}
	if len(told.Added) > 0 {
		env.Log(node.Warning, "columns were added to the table: %s", strings.Join(told.Added, ", "))
	}
	if len(told.Ignored) > 0 {
		env.Log(node.Warning, "columns that the table does not have were left out: %s", strings.Join(told.Ignored, ", "))
	}
	if l.Mode == string(databases.MergeDelete) && !told.Before {
		env.Log(node.Info, "rows that went because the input does not have their key: %d", told.Deleted)
	}
}
