package remote

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// The part of an upload that is sent at a time, and may have to be sent again.
const (
	partSize  = 16 << 20
	mostParts = 10_000
	atOnce    = 3 // parts
)

// abandoned is after how long an upload that nobody has finished is taken for one whose
// process was killed.
const abandoned = 24 * time.Hour

// bucket speaks to a store with the interface of S3.
type bucket struct {
	core   minio.Core
	name   string
	host   string // for people
	region string
}

// s3Options are what connections of the type s3 have besides.
type s3Options struct {
	Region        string `json:"region"`
	PathStyle     string `json:"path_style"`
	CACertificate string `json:"ca_certificate"`
	SessionToken  string `json:"session_token"`
}

// Styles of addresses.
const (
	styleAuto = "auto"
	stylePath = "path"
	styleHost = "host"
)

func openS3(c connection.Connection, exit outbound.Exit) (*bucket, error) {
	var o s3Options
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if c.Host == "" {
		c.Host = "s3." + o.Region + ".amazonaws.com"
	}
	transport, err := trusting(exit, o.CACertificate)
	if err != nil {
		return nil, err
	}
	who := credentials.NewStaticV4(c.Login, c.Password, o.SessionToken)
	if c.Login == "" {
		who = credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	}
	return newBucket(c, o, who, transport)
}

// newBucket returns a bucket that is spoken to over a transport.
func newBucket(c connection.Connection, o s3Options, who *credentials.Credentials, transport http.RoundTripper) (*bucket, error) {
	at, err := endpoint(c.Host)
	if err != nil {
		return nil, err
	}
	style := map[string]minio.BucketLookupType{stylePath: minio.BucketLookupPath, styleHost: minio.BucketLookupDNS}[o.PathStyle]
	client, err := minio.New(at.Host, &minio.Options{
		Creds: who, Secure: at.Scheme == "https", Transport: transport, Region: o.Region, BucketLookup: style,
		MaxRetries: 1, // what may pass by itself is tried again here, with words
	})
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the connection %s cannot be used as it is written", c.Name).With("bad_connection")
	}
	return &bucket{minio.Core{Client: client}, c.Schema, at.Hostname(), o.Region}, nil
}

// CheckEndpoint refuses what is no host of a connection of a type.
func CheckEndpoint(sort, host string) error {
	parse := endpoint
	if sort == connection.AzureBlob {
		parse = azureEndpoint
	}
	_, err := parse(host)
	return err
}

// endpoint reads https://HOST, http://HOST:PORT or HOST, for https.
func endpoint(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || outbound.CheckURL(u) != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "the host of the connection must be one such as https://s3.example.com or http://10.0.0.5:9000").With("bad_url")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// trusting returns a way out that trusts certificates which were signed by a certificate in
// PEM, besides those that this machine trusts.
func trusting(exit outbound.Exit, pem string) (http.RoundTripper, error) {
	if pem == "" {
		return exit.Transport(nil)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM([]byte(pem)) {
		return nil, fault.New(fault.Invalid, "ca_certificate is no certificate in PEM").With("bad_connection")
	}
	return exit.Transport(roots)
}

func key(name string) string { return strings.TrimPrefix(name, "/") }

func (*bucket) close() {}

func (b *bucket) stat(ctx context.Context, name string) (File, error) {
	var info minio.ObjectInfo
	err := again(ctx, func() (err error) {
		info, err = b.core.StatObject(ctx, b.name, key(name), minio.StatObjectOptions{})
		return b.fault(ctx, err, name)
	})
	if err == nil {
		return File{key(name), info.Size, info.LastModified, info.ETag}, nil
	}
	// The answer to such a question has no words: listing tells more.
	if fault.KindOf(err) == fault.Invalid {
		if why := b.list(ctx, "", key(name), func(File) error { return errEnough }); why != nil && !errors.Is(why, errEnough) && fault.KindOf(why) == fault.Invalid {
			if code := fault.CodeOf(why); code != "permission_denied" || fault.CodeOf(err) == code {
				err = why
			}
		}
	}
	return File{}, err
}

// errEnough ends a list.
var errEnough = errors.New("enough")

func (b *bucket) list(ctx context.Context, _, begin string, give func(File) error) error {
	ctx, alive, stop := watched(ctx)
	defer stop()
	for o := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: key(begin), Recursive: true}) {
		if o.Err != nil {
			return stalled(ctx, b.fault(ctx, o.Err, begin))
		}
		_, _ = alive.Write(nil)
		if err := give(File{o.Key, o.Size, o.LastModified, o.ETag}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (b *bucket) open(ctx context.Context, f File, from int64) (io.ReadCloser, error) {
	var o minio.GetObjectOptions
	if f.Version != "" {
		if err := o.SetMatchETag(f.Version); err != nil {
			return nil, err
		}
	}
	if from > 0 {
		if err := o.SetRange(from, 0); err != nil {
			return nil, err
		}
	}
	in, info, _, err := b.core.GetObject(ctx, b.name, f.Name, o)
	if err != nil {
		return nil, b.fault(ctx, err, f.Name)
	}
	if f.Version != "" && info.ETag != "" && info.ETag != f.Version {
		return nil, errors.Join(differs(f.Name), in.Close())
	}
	return in, nil
}

func (b *bucket) look(ctx context.Context) (string, error) {
	err := b.list(ctx, "", "", func(File) error { return errEnough })
	if err != nil && !errors.Is(err, errEnough) {
		return "", err
	}
	return "The bucket " + b.name + " lists its objects", nil
}

func (b *bucket) store(ctx context.Context, name string, from io.ReaderAt, size int64, held func(context.Context) error) error {
	if size <= partSize {
		part := io.NewSectionReader(from, 0, size)
		sum, err := digest(part)
		if err != nil {
			return err
		}
		return again(ctx, func() error {
			if err := held(ctx); err != nil {
				return err
			}
			_, err := b.core.PutObject(ctx, b.name, key(name), io.NewSectionReader(from, 0, size), size, "", sum, minio.PutObjectOptions{DisableContentSha256: true})
			return b.fault(ctx, err, name)
		})
	}
	return b.inParts(ctx, name, from, size, held)
}

// inParts sends a file part by part. Nobody sees it before all are there.
func (b *bucket) inParts(ctx context.Context, name string, from io.ReaderAt, size int64, held func(context.Context) error) (err error) {
	b.sweep(ctx, name)
	var upload string
	err = again(ctx, func() (err error) {
		upload, err = b.core.NewMultipartUpload(ctx, b.name, key(name), minio.PutObjectOptions{})
		return b.fault(ctx, err, name)
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// The node may have been stopped, and the parts cost money.
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer stop()
			_ = b.core.AbortMultipartUpload(last, b.name, key(name), upload)
		}
	}()
	each := max(partSize, (size+mostParts-1)/mostParts)
	parts := make([]minio.CompletePart, (size+each-1)/each)
	sending, stopping := errgroup.WithContext(ctx)
	sending.SetLimit(atOnce)
	for i := range parts {
		sending.Go(func() error {
			section := io.NewSectionReader(from, int64(i)*each, min(each, size-int64(i)*each))
			return again(stopping, func() (err error) {
				parts[i], err = b.part(stopping, name, upload, i+1, section)
				return err
			})
		})
	}
	if err := sending.Wait(); err != nil {
		return err
	}
	return b.complete(ctx, name, upload, parts, held)
}

func (b *bucket) part(ctx context.Context, name, upload string, number int, section *io.SectionReader) (minio.CompletePart, error) {
	sum, err := digest(section)
	if err != nil {
		return minio.CompletePart{}, err
	}
	sent, err := b.core.PutObjectPart(ctx, b.name, key(name), upload, number, section, section.Size(), minio.PutObjectPartOptions{Sha256Hex: sum, DisableContentSha256: true})
	return minio.CompletePart{PartNumber: number, ETag: sent.ETag}, b.fault(ctx, err, name)
}

// complete makes the object of its parts.
func (b *bucket) complete(ctx context.Context, name, upload string, parts []minio.CompletePart, held func(context.Context) error) error {
	tries := 0
	return again(ctx, func() error {
		if err := held(ctx); err != nil {
			return err
		}
		_, err := b.core.CompleteMultipartUpload(ctx, b.name, key(name), upload, parts, minio.PutObjectOptions{})
		if tries++; tries > 1 && minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
			return nil // the answer to the try before has not arrived
		}
		return b.fault(ctx, err, name)
	})
}

// digest returns the SHA-256 of a part, by which the store checks what has arrived, and goes
// back to its beginning.
func digest(part *io.SectionReader) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, part); err != nil {
		return "", err
	}
	_, err := part.Seek(0, io.SeekStart)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// sweep ends uploads of an object that were begun long ago, by a process that was killed.
// Who may not see them leaves them to the store.
func (b *bucket) sweep(ctx context.Context, name string) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	found, err := b.core.ListMultipartUploads(ctx, b.name, key(name), "", "", "", 100)
	if err != nil {
		return
	}
	for _, u := range found.Uploads {
		if u.Key == key(name) && time.Since(u.Initiated) > abandoned {
			_ = b.core.AbortMultipartUpload(ctx, b.name, u.Key, u.UploadID)
		}
	}
}

// s3Codes are the codes of faults by what stores say.
var s3Codes = map[string]string{
	minio.NoSuchBucket: "bucket_not_found", minio.NoSuchKey: "file_not_found", minio.AccessDenied: "permission_denied", "PreconditionFailed": "file_changed",
	"InvalidAccessKeyId": "login_failed", "SignatureDoesNotMatch": "login_failed", "InvalidToken": "login_failed", "ExpiredToken": "login_failed",
	"AuthFailure": "login_failed", "TokenRefreshRequired": "login_failed", "InvalidSecurity": "login_failed",
	"AuthorizationHeaderMalformed": "bad_connection", "PermanentRedirect": "bad_connection", "IllegalLocationConstraintException": "bad_connection",
}

// fault puts an error into words.
func (b *bucket) fault(ctx context.Context, err error, name string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return stalled(ctx, ctx.Err())
	}
	told := minio.ToErrorResponse(err)
	if told.Code == "" {
		return outbound.Explain(b.host, err)
	}
	code := s3Codes[told.Code]
	if code == "bad_connection" {
		return refused(code, "the bucket %s is not in the region %s: set region in the connection", b.name, b.region)
	}
	return answer{code, told.StatusCode, told.Code + ": " + told.Message}.fault(b.host, "the bucket "+b.name, key(name))
}
