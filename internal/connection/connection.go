// Package connection is one connection as a node gets it: where another system is, and
// how to sign in there, with all secrets. It is kept nowhere in this form.
package connection

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
)

// Connection is how another system is reached. It goes to an engine with the job and
// belongs in no log.
type Connection struct {
	Name     string `json:"conn_id"` // what pipelines call it
	Type     string `json:"type"`    // such as Postgres
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`   // never 0 for types that have a port
	Schema   string `json:"schema,omitempty"` // the database, for databases
	Login    string `json:"login,omitempty"`
	Password string `json:"password,omitempty"`
	// Options are what the type has besides, checked by its schema: text, numbers,
	// booleans, and objects of text.
	Options map[string]any `json:"options,omitempty"`
	Hidden  []string       `json:"hidden,omitempty"` // names of options that are secret
}

// The types of connections that are offered, as connections name them.
const (
	Postgres   = "postgres"
	MySQL      = "mysql" // and MariaDB
	MSSQL      = "mssql" // SQL Server and Azure SQL
	Redshift   = "redshift"
	ClickHouse = "clickhouse"
	Oracle     = "oracle" // its Schema is a service

	Snowflake = "snowflake" // its Host is an account, or a whole address
	BigQuery  = "bigquery"  // its Host is a whole address, if there is one, and its Schema the project
	SQLite    = "sqlite"    // its Host is the path of the file
	HTTP      = "http"
	SMTP      = "smtp"
	Slack     = "slack"   // its Password is the address of the webhook
	Generic   = "generic" // it holds values and is used by no node

	// Where files are: the first three have their bucket or container in Schema, and the
	// last one, if anything, the folder that paths begin in.
	S3        = "s3"
	GCS       = "gcs"
	AzureBlob = "azure_blob"
	SFTP      = "sftp"
)

// Storage are the types of connections that lead to files.
var Storage = []string{S3, GCS, AzureBlob, SFTP}

// Address is the host and the port as a dialer wants them.
func (c Connection) Address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// Into puts the options into what a pointer to a struct with JSON tags points to.
func (c Connection) Into(options any) error {
	text, err := json.Marshal(c.Options)
	if err == nil {
		err = json.Unmarshal(text, options)
	}
	if err != nil {
		return fmt.Errorf("options of connection %s: %w", c.Name, err)
	}
	return nil
}

// Secrets returns the texts that must be shown nowhere: the password, and every text
// in a hidden option.
func (c Connection) Secrets() []string {
	secrets := []string{}
	if c.Password != "" {
		secrets = append(secrets, c.Password)
	}
	for _, name := range c.Hidden {
		secrets = append(secrets, texts(c.Options[name])...)
	}
	return secrets
}

func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, texts(one)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, one := range v {
			all = append(all, texts(one)...)
		}
		return all
	}
	return nil
}
