package outbound

// What programs read of the machine when they make connections: names of hosts, and
// whose certificates are trusted. Links among them lead into the folders. Any of them
// may be missing.
var (
	MachineFiles   = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl/cert.pem"}
	MachineFolders = []string{"/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"}
)
