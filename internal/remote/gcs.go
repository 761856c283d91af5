package remote

import (
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/google"
	"github.com/broked/broked/internal/outbound"
)

// gcsOptions are what connections of the type gcs have besides.
type gcsOptions struct {
	Auth          string `json:"auth"`
	CACertificate string `json:"ca_certificate"`
}

// ServiceAccount is the value of auth with which the password is the key file of a service
// account; without it login and password are an HMAC key.
const ServiceAccount = "service_account"

// The interface of Google's that is S3's as well.
const (
	gcsHost  = "storage.googleapis.com"
	gcsScope = "https://www.googleapis.com/auth/devstorage.read_write"
)

// openGCS speaks to Google Cloud Storage by its XML API, which understands what S3 does.
func openGCS(c connection.Connection, exit outbound.Exit) (*bucket, error) {
	var o gcsOptions
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	if c.Host == "" {
		c.Host = gcsHost
	}
	transport, err := trusting(exit, o.CACertificate)
	if err != nil {
		return nil, err
	}
	s3 := s3Options{Region: "auto", PathStyle: stylePath}
	if o.Auth != ServiceAccount {
		return newBucket(c, s3, credentials.NewStaticV4(c.Login, c.Password, ""), transport)
	}
	account, err := google.ReadAccount(c.Password, gcsScope, transport)
	if err != nil {
		return nil, err
	}
	return newBucket(c, s3, credentials.NewStatic("", "", "", credentials.SignatureAnonymous), account)
}
