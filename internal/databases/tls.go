package databases

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/broked/broked/internal/fault"
)

// The ways to protect a connection, as libpq calls them.
const (
	Disable    = "disable"
	Prefer     = "prefer" // TLS if the server offers it, whoever it is
	Require    = "require"
	VerifyCA   = "verify-ca"
	VerifyFull = "verify-full"
)

// Modes are the ways to protect a connection.
var Modes = []string{Disable, Prefer, Require, VerifyCA, VerifyFull}

// TLS is what connections to servers say about their protection.
type TLS struct {
	Mode              string `json:"sslmode"`
	CA                string `json:"ca_certificate"`     // PEM; the system's when empty
	ClientCertificate string `json:"client_certificate"` // PEM
	ClientKey         string `json:"client_key"`         // PEM
}

// Config returns how to speak TLS with a host, or nil when the mode is to do without.
// Certificates that cannot be read are Invalid faults.
func (o TLS) Config(host string) (*tls.Config, error) {
	if o.Mode == Disable {
		return nil, nil //nolint:nilnil // it says so
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if o.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(o.CA)) {
			return nil, fault.New(fault.Invalid, "ca_certificate is no certificate in PEM").With("bad_certificate")
		}
	}
	if o.ClientCertificate != "" {
		pair, err := tls.X509KeyPair([]byte(o.ClientCertificate), []byte(o.ClientKey))
		if err != nil {
			return nil, fault.New(fault.Invalid, "client_certificate and client_key are no certificate and key in PEM").With("bad_certificate")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	switch o.Mode {
	case VerifyFull:
	case VerifyCA:
		config.InsecureSkipVerify = true // the chain is verified below, the name is not asked for
		config.VerifyConnection = func(s tls.ConnectionState) error { return chain(s, config.RootCAs) }
	default:
		config.InsecureSkipVerify = true // the mode asks for no more, as libpq's does
	}
	return config, nil
}

func chain(s tls.ConnectionState, roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	return nil
}
