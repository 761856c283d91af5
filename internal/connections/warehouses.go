//nolint:gosec // words about secrets are none
package connections

import (
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/bigquery"
	"github.com/broked/broked/internal/databases/postgres"
	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/databases/snowflake"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
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
	{
		Type: connection.Snowflake, Label: "Snowflake", Category: "database", Summary: "A Snowflake database, by its SQL API.", Untried: true,
		Fields: []string{host, schema, login, password, extra},
		Labels: Hints{host: "Account", schema: "Database", login: "User", password: "Token"},
		Hints:  Hints{host: "myorg-account123, or for private links an address such as https://myorg-account123.privatelink.snowflakecomputing.com", password: "Of sign-in by oauth and access_token", extra: `Of sign-in by key_pair, a JSON object: {"private_key": "PEM"}`},
		Options: object(
			node.Field{Name: "auth", Schema: node.Schema{Type: node.TypeString, Title: "Sign in by", Default: snowflake.KeyPair, Enum: []string{snowflake.KeyPair, snowflake.OAuth, snowflake.Access}, Help: "key_pair: a private key of the user, by which tokens are signed. oauth: a token of OAuth, which is not renewed here. access_token: a programmatic access token."}},
			node.Field{Name: "account", Schema: node.Schema{Type: node.TypeString, Title: "Account in tokens", MaxLen: 200, Help: "For key_pair, where it is not what the address says."}},
			node.Field{Name: "warehouse", Schema: node.Schema{Type: node.TypeString, Title: "Warehouse", MaxLen: 255, Help: "What computes. Left out, the user's own."}},
			node.Field{Name: "role", Schema: node.Schema{Type: node.TypeString, Title: "Role", MaxLen: 255, Help: "Left out, the user's own."}},
			node.Field{Name: "schema", Schema: node.Schema{Type: node.TypeString, Title: "Schema", MaxLen: 255, Default: "PUBLIC", Help: "Of tables that are named without one, and of those that loads go through."}},
			node.Field{Name: "statement_timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Time for a statement", Min: new(0.0), Max: new(604800.0), Help: "Seconds. Left out or 0, Snowflake's own limit."}},
			caField,
		),
		Secret:   object(node.Field{Name: "private_key", Schema: pem("Private key", "An RSA key in PEM, without a passphrase.")}),
		required: []string{host, schema, login},
	},
	{
		Type: connection.BigQuery, Label: "Google BigQuery", Category: "database", Summary: "A project of BigQuery, by its REST API.", Untried: true,
		Fields: []string{host, schema, password},
		Labels: Hints{host: "Endpoint", schema: "Project", password: "Key file or token"},
		Hints:  Hints{host: "https://bigquery.googleapis.com when left out", schema: "The id of the project that pays for jobs", password: "The JSON of the service account's key file, or an access token"},
		Options: object(
			node.Field{Name: "auth", Schema: node.Schema{Type: node.TypeString, Title: "Sign in by", Default: bigquery.ServiceAccount, Enum: []string{bigquery.ServiceAccount, bigquery.Token}, Help: "service_account: a key file, whose account gets a token for an hour. token: an access token, which is not renewed here."}},
			node.Field{Name: "dataset", Schema: node.Schema{Type: node.TypeString, Title: "Dataset", MaxLen: 1024, Help: "Of tables that are named without one."}},
			node.Field{Name: "location", Schema: node.Schema{Type: node.TypeString, Title: "Location", MaxLen: 100, Examples: []string{"EU"}, Help: "Where the datasets are, such as EU or europe-west3. Left out, US."}},
			node.Field{Name: "statement_timeout", Schema: node.Schema{Type: node.TypeNumber, Title: "Time for a statement", Min: new(0.0), Max: new(604800.0), Help: "Seconds. Left out or 0, BigQuery's own limit."}},
			caField,
		),
		Secret: object(), required: []string{schema},
	},
}

// checkWarehouse finds what no warehouse could be reached with.
func (c Connection) checkWarehouse() []fault.Problem {
	var err error
	if c.Type == connection.Snowflake && c.Host != "" {
		_, _, err = snowflake.Place(c.Host)
	}
	if c.Type == connection.BigQuery && c.Host != "" {
		_, err = rest.Endpoint(c.Host)
	}
	if err != nil {
		return []fault.Problem{{Path: host, Message: fault.MessageOf(err)}}
	}
	return nil
}
