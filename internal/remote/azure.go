package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// SAS is the value of auth with which the password is a shared access signature; without it,
// it is a key of the account.
const SAS = "sas"

const (
	azureHost    = ".blob.core.windows.net"
	azureVersion = "2023-11-03"
	// mostBlocks is how many blocks a blob may be made of.
	mostBlocks = 50_000
	// mostAnswer bounds what is read of an answer that is no blob.
	mostAnswer = 16 << 20
)

// container speaks to a container of Azure Blob Storage by its REST API.
type container struct {
	http.RoundTripper
	at        *url.URL // of the container
	account   string
	key       []byte     // of the account, or nil
	signature url.Values // shared access, or nil
	name      string
}

type azureOptions struct {
	Auth          string `json:"auth"`
	CACertificate string `json:"ca_certificate"`
}

func openAzure(c connection.Connection, exit outbound.Exit) (*container, error) {
	var o azureOptions
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	if c.Host == "" {
		c.Host = c.Login + azureHost
	}
	at, err := azureEndpoint(c.Host)
	if err != nil {
		return nil, err
	}
	b := &container{account: c.Login, name: c.Schema, at: at.JoinPath(c.Schema)}
	if o.Auth == SAS {
		b.signature, err = url.ParseQuery(strings.TrimPrefix(c.Password, "?"))
		if err != nil || b.signature.Get("sig") == "" {
			return nil, fault.New(fault.Invalid, "the password is no shared access signature: it looks like sv=...&sig=...").With("bad_connection")
		}
	} else if b.key, err = base64.StdEncoding.DecodeString(c.Password); err != nil || len(b.key) == 0 {
		return nil, fault.New(fault.Invalid, "the password is no key of a storage account, which is base64").With("bad_connection")
	}
	b.RoundTripper, err = trusting(exit, o.CACertificate)
	return b, err
}

// azureEndpoint is endpoint with a path, in which emulators have the account.
func azureEndpoint(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || outbound.CheckURL(u) != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "the host of the connection must be one such as https://account.blob.core.windows.net").With("bad_url")
	}
	return u, nil
}

func (*container) close() {}

// call is a request to the service.
type call struct {
	method  string
	blob    string // empty is the container
	query   url.Values
	headers map[string]string
	body    io.Reader
	size    int64
}

// do makes a request and returns an answer that is a success. The caller closes its body.
func (b *container) do(ctx context.Context, c call) (*http.Response, error) {
	to := *b.at
	if c.blob != "" {
		to = *b.at.JoinPath() // a copy with a path of its own
		to.Path, to.RawPath = b.at.Path+"/"+c.blob, b.at.EscapedPath()+"/"+escaped(c.blob)
	}
	query := url.Values{}
	maps.Copy(query, c.query)
	maps.Copy(query, b.signature)
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, c.method, to.String(), c.body)
	if err != nil {
		return nil, fmt.Errorf("ask for a blob: %w", err)
	}
	req.ContentLength = c.size
	if c.size == 0 {
		req.Body = nil
	}
	req.Header.Set("X-Ms-Version", azureVersion)
	req.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	if b.key != nil {
		req.Header.Set("Authorization", "SharedKey "+b.account+":"+sharedKey(req, b.account, b.key))
	}
	res, err := b.RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, stalled(ctx, ctx.Err())
		}
		return nil, outbound.Explain(b.at.Hostname(), err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	return nil, b.fault(res, c.blob)
}

// escaped is a name in an address, in which slashes stay.
func escaped(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// azureCodes are the codes of faults by what the service says.
var azureCodes = map[string]string{
	"ContainerNotFound": "bucket_not_found", "ContainerBeingDeleted": "bucket_not_found", "ContainerDisabled": "bucket_not_found",
	"BlobNotFound": "file_not_found", "ConditionNotMet": "file_changed", "BlobModifiedWhileReading": "file_changed", "InvalidBlockList": "conflict",
	"AuthenticationFailed": "login_failed", "InvalidAuthenticationInfo": "login_failed", "NoAuthenticationInformation": "login_failed",
	"AccountIsDisabled": "login_failed", "KeyBasedAuthenticationNotPermitted": "login_failed",
}

// fault puts an answer into words.
func (b *container) fault(res *http.Response, blob string) error {
	var told struct {
		Code string `xml:"Code"`
	}
	_ = xml.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&told)
	if told.Code == "" {
		told.Code = res.Header.Get("X-Ms-Error-Code") // HEAD has no body
	}
	code := azureCodes[told.Code]
	if res.StatusCode == http.StatusNotFound && told.Code == "" && blob != "" {
		code = "file_not_found"
	}
	return answer{code, res.StatusCode, told.Code}.fault(b.at.Hostname(), "the container "+b.name, blob)
}

func (b *container) stat(ctx context.Context, name string) (File, error) {
	var f File
	err := again(ctx, func() error {
		res, err := b.do(ctx, call{method: http.MethodHead, blob: key(name)})
		if err != nil {
			return err
		}
		at, _ := http.ParseTime(res.Header.Get("Last-Modified"))
		f = File{key(name), res.ContentLength, at, res.Header.Get("Etag")}
		return res.Body.Close()
	})
	return f, err
}

// blobs is a page of a list.
type blobs struct {
	All []struct {
		Name       string `xml:"Name"`
		Properties struct {
			Size     int64  `xml:"Content-Length"`
			Modified string `xml:"Last-Modified"`
			Version  string `xml:"Etag"`
			Kind     string `xml:"ResourceType"`
		} `xml:"Properties"`
	} `xml:"Blobs>Blob"`
	Next string `xml:"NextMarker"`
}

func (b *container) list(ctx context.Context, _, begin string, give func(File) error) error {
	marker := ""
	for {
		var page blobs
		err := again(ctx, func() error { return b.page(ctx, begin, marker, &page) })
		if err != nil {
			return err
		}
		for _, one := range page.All {
			if one.Properties.Kind == "directory" {
				continue
			}
			at, _ := http.ParseTime(one.Properties.Modified)
			if err := give(File{one.Name, one.Properties.Size, at, quoted(one.Properties.Version)}); err != nil {
				return err
			}
		}
		if marker = page.Next; marker == "" {
			return nil
		}
	}
}

func (b *container) page(ctx context.Context, begin, marker string, into *blobs) error {
	query := url.Values{"restype": {"container"}, "comp": {"list"}, "prefix": {key(begin)}}
	if marker != "" {
		query.Set("marker", marker)
	}
	res, err := b.do(ctx, call{method: http.MethodGet, query: query})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	*into = blobs{}
	if err := xml.NewDecoder(io.LimitReader(res.Body, mostAnswer)).Decode(into); err != nil {
		return lost(err, "the container "+b.name+" was listed")
	}
	return nil
}

// quoted returns an ETag as headers have it; lists have it without quotes.
func quoted(tag string) string {
	if tag == "" || strings.HasPrefix(tag, `"`) {
		return tag
	}
	return `"` + tag + `"`
}

func (b *container) open(ctx context.Context, f File, from int64) (io.ReadCloser, error) {
	headers := map[string]string{"Range": "bytes=" + strconv.FormatInt(from, 10) + "-"}
	if f.Version != "" {
		headers["If-Match"] = f.Version
	}
	res, err := b.do(ctx, call{method: http.MethodGet, blob: f.Name, headers: headers})
	if err != nil {
		return nil, err
	}
	if from > 0 && res.StatusCode != http.StatusPartialContent {
		return nil, errors.Join(refused("bad_answer", "%s does not read from the middle of a blob", b.at.Hostname()), res.Body.Close())
	}
	return res.Body, nil
}

func (b *container) look(ctx context.Context) (string, error) {
	var page blobs
	if err := again(ctx, func() error { return b.page(ctx, "", "", &page) }); err != nil {
		return "", err
	}
	return "The container " + b.name + " lists its blobs", nil
}

// store sends blocks, which nobody sees, and then the list of them, which makes the blob.
func (b *container) store(ctx context.Context, name string, from io.ReaderAt, size int64, held func(context.Context) error) error {
	var token [8]byte
	_, _ = rand.Read(token[:])
	each := max(partSize, (size+mostBlocks-1)/mostBlocks)
	ids := make([]string, (size+each-1)/each)
	sending, stopping := errgroup.WithContext(ctx)
	sending.SetLimit(atOnce)
	for i := range ids {
		ids[i] = base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(token[:]) + fmt.Sprintf("%06d", i)))
		sending.Go(func() error {
			n := min(each, size-int64(i)*each)
			return again(stopping, func() error {
				return b.put(stopping, name, url.Values{"comp": {"block"}, "blockid": {ids[i]}}, io.NewSectionReader(from, int64(i)*each, n), n)
			})
		})
	}
	if err := sending.Wait(); err != nil {
		return err
	}
	list := struct {
		XMLName xml.Name `xml:"BlockList"`
		Latest  []string `xml:"Latest"`
	}{Latest: ids}
	text, err := xml.Marshal(list)
	if err != nil {
		return fmt.Errorf("list blocks: %w", err)
	}
	text = append([]byte(xml.Header), text...)
	return again(ctx, func() error {
		if err := held(ctx); err != nil {
			return err
		}
		return b.put(ctx, name, url.Values{"comp": {"blocklist"}}, bytes.NewReader(text), int64(len(text)))
	})
}

func (b *container) put(ctx context.Context, name string, query url.Values, body io.Reader, size int64) error {
	res, err := b.do(ctx, call{method: http.MethodPut, blob: key(name), query: query, body: body, size: size})
	if err != nil {
		return err
	}
	return res.Body.Close()
}
