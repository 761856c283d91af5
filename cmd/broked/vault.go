package main

import (
	"errors"
	"net/url"
	"strings"

	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/private"
)

// vaultFlags say where a Vault is that connections may take secrets from.
type vaultFlags struct {
	VaultAddress      string   `name:"vault-address" help:"Vault that connections may take secrets from, as vault://MOUNT/PATH#FIELD; such as https://vault.example.com:8200." env:"VAULT_ADDR" placeholder:"URL"`
	VaultPaths        []string `name:"vault-paths" help:"What paths in Vault must begin with, such as secret/broked/." env:"BROKOLI_VAULT_PATHS" placeholder:"PATH"`
	VaultNamespace    string   `name:"vault-namespace" help:"Namespace in Vault." env:"VAULT_NAMESPACE" placeholder:"NAME"`
	VaultToken        string   `hidden:"" env:"VAULT_TOKEN"`
	VaultTokenFile    string   `name:"vault-token-file" help:"File with the token for Vault; it is read each time." env:"VAULT_TOKEN_FILE" placeholder:"FILE"`
	VaultRoleID       string   `name:"vault-role-id" help:"AppRole to sign in to Vault with, when there is no token." env:"VAULT_ROLE_ID" placeholder:"ID"`
	VaultSecretID     string   `hidden:"" env:"VAULT_SECRET_ID"`
	VaultSecretIDFile string   `name:"vault-secret-id-file" help:"File with the secret of the AppRole; it is read each time." env:"VAULT_SECRET_ID_FILE" placeholder:"FILE"`
}

func (f vaultFlags) checkVault() error {
	if f.VaultAddress == "" {
		return nil
	}
	u, err := url.Parse(f.VaultAddress)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return errors.New("--vault-address must be an address such as https://vault.example.com:8200")
	}
	return nil
}

// vault returns what reads secrets in Vault, or nil when there is none.
func (f vaultFlags) vault(out func() outbound.Exit) *connections.Vault {
	if f.VaultAddress == "" {
		return nil
	}
	return &connections.Vault{
		Address: f.VaultAddress, Namespace: f.VaultNamespace, Paths: f.VaultPaths, Out: out,
		Token: func() (string, error) { return given(f.VaultToken, f.VaultTokenFile) },
		Role: func() (string, string, error) {
			secret, err := given(f.VaultSecretID, f.VaultSecretIDFile)
			return f.VaultRoleID, secret, err
		},
	}
}

// given returns a secret, or that in a file when there is one.
func given(secret, file string) (string, error) {
	if file == "" {
		return secret, nil
	}
	text, err := private.Read(file)
	return strings.TrimSpace(string(text)), err
}
