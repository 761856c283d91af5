package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for 127.0.0.1 and its key into dir and returns
// a pool that trusts it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(t, os.WriteFile(filepath.Join(dir, "cert.pem"), cert, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

func TestTLSIsThirteenOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := certificate(t, dir)
	s := serve(t, dir, "--tls-cert", "cert.pem", "--tls-key", "key.pem")
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("the server is at %s", s.url)
	}
	client := func(most uint16) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: most}}}
	}
	if _, err := client(tls.VersionTLS12).Get(s.url + "/health"); err == nil {
		t.Error("TLS 1.2 is accepted")
	}
	post := func(path, body string) *http.Response {
		res, err := client(0).Post(s.url+path, "application/json", strings.NewReader(body))
		must(t, err)
		must(t, res.Body.Close())
		return res
	}
	post("/api/auth/users", `{"username":"root","password":"secure-password","role":"superadmin"}`)
	res := post("/api/auth/login", `{"username":"root","password":"secure-password"}`)
	cookies := res.Cookies()
	if len(cookies) == 0 || !cookies[0].Secure || !strings.HasPrefix(res.Header.Get("Strict-Transport-Security"), "max-age=31536000") {
		t.Errorf("%s: cookies %v, headers %v", res.Status, cookies, res.Header)
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]string{
		"--tls-cert x":               "go together",
		"--tls-cert x --tls-key y":   "TLS certificate",
		"--trusted-proxies everyone": "no address",
		"--limit wirte=5/s":          "did you mean",
		"--limit write=often":        "not a rate",
		"--cors-origins *":           "is no origin",
		"--port 70000":               "between 0 and 65535",
		"--local-runs 0":             "need a PostgreSQL",
		"--local-runs 1025":          "between 0 and 1024",
		"--stuck-after 5s":           "at least 1m",
		"--log-format xml":           "must be one of",
	} {
		out, err := program(t.Context(), t.TempDir(), append([]string{"serve"}, strings.Fields(flags)...)...).CombinedOutput()
		if status := exitStatus(err); status != exitUsage && status != 1 || !strings.Contains(string(out), want) {
			t.Errorf("%s: exit status %d: %s", flags, status, out)
		}
	}
}
