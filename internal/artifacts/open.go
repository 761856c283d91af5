package artifacts

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// Options say how a store is reached.
type Options struct {
	Exit        outbound.Exit // the place itself may be reached besides
	Credentials Credentials
	Pauses      []time.Duration // as of the function
}

// Credentials are those of a store that speaks S3.
type Credentials struct {
	KeyID, Secret, Session string
	// File, unless empty, has credentials as the tools of AWS write them, and Profile names
	// those that count; empty is "default". They count when KeyID is empty.
	File, Profile string
	Region        string // empty is us-east-1
}

// Where is a place for artifacts, as Parse reads it.
type Where struct {
	dir string

	bucket, prefix string
	endpoint       url.URL
	region         string
}

// Parse reads the path of a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME, of
// which all but the bucket may be left out. What is neither is an Invalid fault.
func Parse(text string) (Where, error) {
	if !strings.Contains(text, "://") {
		dir, err := filepath.Abs(text)
		if err != nil || text == "" || dir == string(filepath.Separator) {
			return Where{}, fault.New(fault.Invalid, "must be a folder, or s3://BUCKET/PREFIX")
		}
		return Where{dir: dir}, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "s3" || u.Host == "" || u.Port() != "" || u.Fragment != "":
		return Where{}, fault.New(fault.Invalid, "must be a folder, or s3://BUCKET/PREFIX")
	case u.User != nil:
		return Where{}, fault.New(fault.Invalid, "must have no key in it: give that by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in a file")
	}
	w := Where{bucket: u.Host, prefix: strings.Trim(u.Path, "/"), endpoint: url.URL{Scheme: "https", Host: "s3.amazonaws.com"}}
	return w.refined(u.RawQuery)
}

// refined returns w with what is after the question mark.
func (w Where) refined(query string) (Where, error) {
	asked, err := url.ParseQuery(query)
	if err != nil {
		return Where{}, fault.New(fault.Invalid, "has something after its ? that cannot be read")
	}
	for name, values := range asked {
		switch name {
		case "endpoint":
			w.endpoint, err = parseEndpoint(values[0])
		case "region":
			w.region = values[0]
		default:
			err = fault.New(fault.Invalid, "has %q after its ?: only endpoint and region are known", name)
		}
		if err != nil {
			return Where{}, err
		}
	}
	return w, nil
}

// parseEndpoint reads http://HOST:PORT, https://HOST or HOST.
func parseEndpoint(text string) (url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return url.URL{}, fault.New(fault.Invalid, "has an endpoint that is none: write https://HOST or http://HOST:PORT")
	}
	return url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// Place says for people where that is.
func (w Where) Place() string {
	if w.dir != "" {
		return w.dir
	}
	place := "s3://" + w.bucket
	if w.prefix != "" {
		place += "/" + w.prefix
	}
	return place + " at " + w.endpoint.Host
}

// Folders returns the folder that nobody but a Store may touch, or none.
func (w Where) Folders() []string {
	if w.dir == "" {
		return nil
	}
	return []string{filepath.Join(w.dir, ofRuns)}
}

// ofRuns is the folder in the place, lest what else is there is taken for rows of runs.
const ofRuns = "runs"

// hole returns what has to be opened for the place to be reached.
func (w Where) hole() (outbound.Exception, error) {
	port := w.endpoint.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[w.endpoint.Scheme]
	}
	return outbound.ParseException(net.JoinHostPort(w.endpoint.Hostname(), port))
}

// Open returns the store at a place. A folder is made unless it is there; a bucket has to
// be there, which Try finds out.
func Open(w Where, o Options) (*Store, error) {
	s := &Store{place: w.Place(), pauses: o.Pauses}
	if w.dir != "" {
		dir := w.Folders()[0]
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the folder %s cannot be made", w.dir).With("artifacts_refused")
		}
		s.back = folder{dir}
		return s, nil
	}
	var err error
	s.back, err = newBucket(w, o)
	return s, err
}
