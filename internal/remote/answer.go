package remote

import (
	"net/http"
	"strconv"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// answer is what a store has said in place of what it was asked for.
type answer struct {
	code   string // of the fault, where the store's own code tells; else empty
	status int
	said   string
}

// fault puts an answer of a host into words. Where is the bucket, and name the file.
func (a answer) fault(host, where, name string) error {
	said := outbound.Said(strconv.Itoa(a.status) + " " + a.said)
	switch {
	case a.code == "bucket_not_found":
		return refused(a.code, "%s does not have %s", host, where)
	case a.code == "file_not_found":
		return missing(name, where)
	case a.code == "file_changed":
		return differs(name)
	case a.code == "conflict":
		return fault.Transient(fault.New(fault.Unavailable, "somebody else has written %s at %s meanwhile", name, host).With(a.code))
	case a.code == "login_failed", a.status == http.StatusUnauthorized:
		return refused("login_failed", "%s does not accept who is calling: %s", host, said)
	case a.code == "permission_denied", a.code == "" && a.status == http.StatusForbidden:
		return refused("permission_denied", "whoever is calling may not do this in %s of %s: %s", where, host, said)
	case outbound.MayPass(a.status):
		return fault.Transient(fault.New(fault.Unavailable, "%s answered %s", host, said).With("bad_answer"))
	}
	return refused("bad_answer", "%s answered %s", host, said)
}
