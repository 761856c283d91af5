package executor

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/job"
)

// mask stands where a secret would be.
const mask = "********"

// leastMasked is how many bytes a secret has at least that is masked: shorter ones are
// found in any text.
const leastMasked = 6

// masks hides the secrets of a run in what its engine says. It may learn of more while
// the engine speaks.
type masks struct {
	mu       sync.Mutex
	secrets  []string // in every form
	replacer *strings.Replacer
}

// masksOf returns what hides the secrets of the connections of a job and those in its
// settings, in each form in which they come up: as they are, in base64, in an address, and
// in JSON.
func masksOf(j job.Job) *masks {
	k := &masks{}
	secrets := slices.Clone(j.Hidden)
	for _, s := range j.Nodes {
		for _, c := range s.Connections {
			secrets = append(secrets, secretsOf(c)...)
		}
	}
	k.learn(secrets)
	return k
}

// learn has more secrets be hidden from now on.
func (k *masks) learn(secrets []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := len(k.secrets)
	for _, secret := range secrets {
		if len(secret) >= leastMasked && !slices.Contains(k.secrets, secret) {
			k.secrets = append(k.secrets, forms(secret)...)
		}
	}
	if len(k.secrets) == before {
		return
	}
	slices.Sort(k.secrets)
	k.secrets = slices.Compact(k.secrets)
	// The longest goes first, because it may have another in it.
	slices.SortStableFunc(k.secrets, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(k.secrets))
	for _, secret := range k.secrets {
		pairs = append(pairs, secret, mask)
	}
	k.replacer = strings.NewReplacer(pairs...)
}

// hiding returns what hides what is known by now, or nil.
func (k *masks) hiding() *strings.Replacer {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.replacer
}

// secretsOf are the secrets of a connection, and what basic authentication makes of them.
func secretsOf(c connection.Connection) []string {
	secrets := c.Secrets()
	if c.Password != "" && c.Login != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(c.Login+":"+c.Password)))
	}
	return secrets
}

func forms(secret string) []string {
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
	}
	// What comes behind it, such as a line break, changes the last letters of base64 alone.
	all = append(all, base64.StdEncoding.EncodeToString([]byte(secret[:len(secret)-len(secret)%3])))
	if text, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(text), `"`))
	}
	return all
}

// message returns m without the secrets. Its tables are those of m, changed.
func (k *masks) message(m job.Message) job.Message {
	hiding := k.hiding()
	if hiding == nil {
		return m
	}
	m.Message, m.Pushed = hiding.Replace(m.Message), hiding.Replace(m.Pushed)
	if m.Error != nil {
		m.Error.Message = hiding.Replace(m.Error.Message)
		for i := range m.Error.Problems {
			m.Error.Problems[i].Message = hiding.Replace(m.Error.Problems[i].Message)
		}
		hideSample(hiding, m.Error.Rows)
	}
	hideSample(hiding, m.Table)
	return m
}

func hideSample(hiding *strings.Replacer, s *job.Sample) {
	if s == nil {
		return
	}
	for _, row := range s.Rows {
		for i := range row {
			row[i] = hideValue(hiding, row[i])
		}
	}
}

func hideValue(hiding *strings.Replacer, v any) any { //nolint:ireturn // JSON has no narrower type
	switch v := v.(type) {
	case string:
		return hiding.Replace(v)
	case []any:
		for i := range v {
			v[i] = hideValue(hiding, v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = hideValue(hiding, v[name])
		}
	}
	return v
}

// masked is an Ear that is told no secrets.
type masked struct {
	Ear
	*masks
}

// Hear implements Ear.
func (e masked) Hear(m job.Message) error { return e.Ear.Hear(e.message(m)) }
