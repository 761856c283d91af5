//nolint:gosec // words about secrets are none
package connections

import (
	"cmp"
	"context"
	"slices"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/remote"
)

// storageTypes are the types of connections that lead to files.
var storageTypes = []Type{
	{
		Type: connection.S3, Label: "Amazon S3", Category: "storage", Summary: "A bucket of Amazon S3, or of a store that speaks as it does, such as MinIO, Ceph, R2 or Garage.",
		Fields:  []string{host, schema, login, password, extra},
		Labels:  Hints{host: "Endpoint", schema: "Bucket", login: "Access key ID", password: "Secret access key"},
		Hints:   Hints{host: "Amazon's for the region when left out; else https://s3.example.com or http://10.0.0.5:9000", login: "Left out, requests are anonymous, for buckets that everybody may read"},
		Options: s3Options, Secret: object(node.Field{Name: "session_token", Schema: node.Schema{Type: node.TypeString, Format: node.FormatPassword, Title: "Session token", Help: "Of temporary credentials."}}),
		required: []string{schema},
	},
	{
		Type: connection.GCS, Label: "Google Cloud Storage", Category: "storage", Untried: true, Summary: "A bucket of Google Cloud Storage, by its XML API.",
		Fields: []string{host, schema, login, password},
		Labels: Hints{host: "Endpoint", schema: "Bucket", login: "Access ID", password: "Secret or key file"},
		Hints:  Hints{host: "storage.googleapis.com when left out", login: "Of an HMAC key; not for a service account", password: "The secret of the HMAC key, or the JSON of the service account's key file"},
		Options: object(
			node.Field{Name: "auth", Schema: node.Schema{Type: node.TypeString, Title: "Sign in by", Default: "hmac", Enum: []string{"hmac", remote.ServiceAccount}, Help: "hmac: an HMAC key, as the bucket's settings for interoperability make them. service_account: a key file, whose account gets a token for an hour."}},
			caField,
		), Secret: object(), required: []string{schema},
	},
	{
		Type: connection.AzureBlob, Label: "Azure Blob Storage", Category: "storage", Untried: true, Summary: "A container of an Azure storage account.",
		Fields: []string{host, schema, login, password},
		Labels: Hints{host: "Endpoint", schema: "Container", login: "Storage account", password: "Key or signature"},
		Hints:  Hints{host: "https://ACCOUNT.blob.core.windows.net when left out", password: "A key of the account, or a shared access signature such as sv=...&sig=..."},
		Options: object(
			node.Field{Name: "auth", Schema: node.Schema{Type: node.TypeString, Title: "Sign in by", Default: "key", Enum: []string{"key", remote.SAS}, Help: "key: a key of the storage account. sas: a shared access signature."}},
			caField,
		), Secret: object(), required: []string{schema, login},
	},
	{
		Type: connection.SFTP, Label: "SFTP", Category: "storage", Summary: "Files of a machine that is reached by SSH.",
		Fields: []string{host, port, schema, login, password, extra},
		Labels: Hints{schema: "Folder"},
		Hints:  Hints{host: "files.example.com", port: "22 when left out", schema: "Where relative paths begin; the folder of the login when left out", password: "Left out when there is a private key"},
		Options: object(node.Field{Name: "host_key", Required: true, Schema: node.Schema{
			Type: node.TypeString, Format: node.FormatLongText, Title: "Host key", MinLen: 1, MaxLen: 16 << 10,
			Help: "What ssh-keyscan -t ed25519 HOST prints, or the fingerprint, such as SHA256:... A server that shows another key is not spoken to.",
		}}),
		Secret: object(
			node.Field{Name: "private_key", Schema: pem("Private key", "As ssh-keygen writes it.")},
			node.Field{Name: "passphrase", Schema: node.Schema{Type: node.TypeString, Format: node.FormatPassword, Title: "Passphrase", Help: "Of the private key, if it has one."}},
		),
		required: []string{host, login}, port: 22,
	},
}

var caField = node.Field{Name: "ca_certificate", Schema: pem("CA certificate", "Who signs the server's certificate, in PEM, besides those that this machine trusts.")}

var s3Options = object(
	node.Field{Name: "region", Schema: node.Schema{Type: node.TypeString, Title: "Region", Default: "us-east-1", MaxLen: 100, Help: "Such as eu-central-1. Other stores than Amazon's mostly take any."}},
	node.Field{Name: "path_style", Schema: node.Schema{Type: node.TypeString, Title: "Bucket stands in", Default: "auto", Enum: []string{"auto", "path", "host"}, Help: "path: https://endpoint/bucket. host: https://bucket.endpoint. auto: host at Amazon, else path."}},
	caField,
)

// checkStorage finds what no files could be reached with.
func (c Connection) checkStorage() []fault.Problem {
	if !slices.Contains(connection.Storage, c.Type) {
		return nil
	}
	var problems []fault.Problem
	if c.Type != connection.SFTP && c.Host != "" {
		if err := remote.CheckEndpoint(c.Type, c.Host); err != nil {
			problems = append(problems, fault.Problem{Path: host, Message: fault.MessageOf(err)})
		}
	}
	if key := c.hostKey(); c.Type == connection.SFTP && key != "" {
		if err := remote.CheckHostKey(key); err != nil {
			problems = append(problems, fault.Problem{Path: "options.host_key", Message: fault.MessageOf(err)})
		}
	}
	return problems
}

// hostKey is what a server must show before it is told a secret.
func (c Connection) hostKey() string {
	key, _ := c.Options["host_key"].(string)
	return key
}

// reachFiles asks for a list of files.
func (s *Service) reachFiles(ctx context.Context, c connection.Connection) (driver, found string, err error) {
	place, err := remote.Open(c, s.Out())
	if err != nil {
		return c.Type, "", err
	}
	defer place.Close()
	found, err = place.Try(ctx)
	return cmp.Or(map[string]string{connection.GCS: "s3"}[c.Type], c.Type), found, err
}
