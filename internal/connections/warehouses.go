package connections

import (
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/postgres"
)

// warehouseTypes are the types of connections that lead to databases which somebody else
// runs.
var warehouseTypes = []Type{
	{
		Type: connection.Redshift, Label: "Amazon Redshift", Category: "database", Summary: "A Redshift database, over the protocol of PostgreSQL.", Untried: true,
		Fields:  []string{host, port, schema, login, password, extra},
		Hints:   Hints{host: "cluster.abc123.eu-central-1.redshift.amazonaws.com", port: "5439 when left out", schema: "The database", extra: `A JSON object: {"client_key": "PEM"}`},
		Options: serverOptions(), Secret: clientKey, required: []string{host, schema, login}, port: postgres.RedshiftPort,
	},
}
