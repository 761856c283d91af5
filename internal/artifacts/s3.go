package artifacts

import (
	"context"
	"errors"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/broked/broked/internal/fault"
)

// bucket is a bucket of a store that speaks S3, with RUN/FILE below a prefix.
type bucket struct {
	client       *minio.Client
	name, prefix string
}

const (
	// partSize is how much is sent at a time, and may have to be sent again.
	partSize = 16 << 20
	// tooMany is the status of an answer that asks for patience.
	tooMany = 429
	// stall is after how long without a byte an exchange is given up.
	stall = time.Minute
)

func newBucket(w Where, o Options) (*bucket, error) {
	c := o.Credentials
	if c.KeyID == "" && c.File == "" {
		return nil, fault.New(fault.Invalid, "a store that speaks S3 needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file by --artifacts-credentials").With("artifacts_refused")
	}
	who := credentials.NewStaticV4(c.KeyID, c.Secret, c.Session)
	if c.KeyID == "" {
		who = credentials.NewFileAWSCredentials(c.File, c.Profile)
	}
	hole, err := w.hole()
	if err != nil {
		return nil, err
	}
	exit := o.Exit
	exit.Policy.Allow = append(slices.Clip(exit.Policy.Allow), hole)
	transport, err := exit.Transport(nil)
	if err != nil {
		return nil, err
	}
	region := w.region
	if region == "" {
		region = c.Region
	}
	if region == "" {
		region = "us-east-1"
	}
	client, err := minio.New(w.endpoint.Host, &minio.Options{
		Creds: who, Secure: w.endpoint.Scheme == "https", Transport: transport, Region: region,
		MaxRetries: 1, // Store tries again, with words
	})
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the store of artifacts cannot be used as it is written").With("artifacts_refused")
	}
	return &bucket{client, w.bucket, w.prefix}, nil
}

func (b *bucket) key(name string) string { return path.Join(b.prefix, name) }

func (b *bucket) put(ctx context.Context, name, file string) error {
	ctx, alive, stop := watched(ctx)
	defer stop()
	_, err := b.client.FPutObject(ctx, b.name, b.key(name), file, minio.PutObjectOptions{
		ContentType: "application/vnd.apache.parquet", PartSize: partSize, NumThreads: 2, Progress: alive,
	})
	return ofS3(ctx, err)
}

func (b *bucket) get(ctx context.Context, name string, to io.Writer) error {
	ctx, alive, stop := watched(ctx)
	defer stop()
	from, _, _, err := minio.Core{Client: b.client}.GetObject(ctx, b.name, b.key(name), minio.GetObjectOptions{})
	if err != nil {
		return ofS3(ctx, err)
	}
	defer func() { _ = from.Close() }()
	_, err = io.Copy(to, io.TeeReader(from, alive))
	return ofS3(ctx, err)
}

func (b *bucket) size(ctx context.Context, name string) (int64, error) {
	ctx, _, stop := watched(ctx)
	defer stop()
	info, err := b.client.StatObject(ctx, b.name, b.key(name), minio.StatObjectOptions{})
	return info.Size, ofS3(ctx, err)
}

func (b *bucket) all(ctx context.Context, run string) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		ctx, alive, stop := watched(ctx)
		defer stop()
		under := b.key(run)
		if under != "" {
			under += "/"
		}
		for o := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: under, Recursive: true}) {
			if o.Err != nil {
				yield(object{}, ofS3(ctx, o.Err))
				return
			}
			alive.kick()
			name := strings.TrimPrefix(strings.TrimPrefix(o.Key, b.prefix), "/")
			if !yield(object{name, o.Size, o.LastModified}, nil) {
				return
			}
		}
	}
}

func (b *bucket) remove(ctx context.Context, names []string) error {
	ctx, alive, stop := watched(ctx)
	defer stop()
	for _, name := range names {
		if err := b.client.RemoveObject(ctx, b.name, b.key(name), minio.RemoveObjectOptions{}); err != nil {
			return ofS3(ctx, err)
		}
		alive.kick()
	}
	return nil
}

// pulse ends an exchange in which nothing moves any more.
type pulse struct{ timer *time.Timer }

func (p pulse) kick() { p.timer.Reset(stall) }

// Read implements io.Reader for minio, which shows it what has been sent.
func (p pulse) Read(b []byte) (int, error) { p.kick(); return len(b), nil }

// Write implements io.Writer, which is shown what has been read.
func (p pulse) Write(b []byte) (int, error) { p.kick(); return len(b), nil }

var errStalled = fault.New(fault.Unavailable, "nothing has come or gone for %s", stall)

// watched returns a context that ends when the pulse has stood still for too long.
func watched(ctx context.Context) (context.Context, pulse, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(stall, func() { cancel(errStalled) })
	return ctx, pulse{timer}, func() { timer.Stop(); cancel(nil) }
}

// ofS3 puts an error into words. What another try may mend is marked as transient.
func ofS3(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if context.Cause(ctx) == errStalled { //nolint:errorlint // it is that very value
		return errStalled
	}
	if known, is := errors.AsType[*fault.Error](err); is {
		return known
	}
	told := minio.ToErrorResponse(err)
	switch {
	case told.Code == minio.NoSuchKey:
		return errMissing
	case told.Code == "" || told.StatusCode >= 500 || told.StatusCode == tooMany:
		return fault.Transient(fault.Wrap(fault.Unavailable, err, "%s", words(told, err)))
	}
	return fault.Wrap(fault.Denied, err, "%s", words(told, err))
}

func words(told minio.ErrorResponse, err error) string {
	if told.Code == "" {
		return err.Error()
	}
	if told.Message == "" {
		return told.Code
	}
	return told.Code + ": " + told.Message
}
