package bigquery

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/fault"
)

// boundary stands between the parts of an upload; no line of JSON looks like it.
const boundary = "broked-part-of-the-upload"

// upload is a load job whose rows are on their way. The job is made when all of them are
// there, and not before.
type upload struct {
	k      *session
	id     string
	pipe   *io.PipeWriter
	answer chan answered
}

type answered struct {
	rest.Answer
	err error
}

var errGivenUp = errors.New("the upload was given up")

// upload begins a load job of a name.
func (k *session) upload(ctx context.Context, id string, config configuration) (*upload, error) {
	head, err := json.Marshal(made{reference{Project: k.project, Job: id, Location: k.Location}, config})
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.Base+"/upload"+k.base()+"/jobs?uploadType=multipart", out)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "multipart/related; boundary="+boundary)
	u := &upload{k: k, id: id, pipe: in, answer: make(chan answered, 1)}
	go func() {
		var a answered
		res, err := k.Send(req, false) //nolint:bodyclose // Read does
		if err == nil {
			a.Answer, err = k.Read(res)
		}
		a.err = err
		_ = out.CloseWithError(errGivenUp) // nobody reads on
		u.answer <- a
	}()
	return u, u.write([]byte("--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + string(head) + "\r\n--" + boundary + "\r\nContent-Type: application/octet-stream\r\n\r\n"))
}

// write sends a part of the rows. Where BigQuery has answered before the end, that is the error.
func (u *upload) write(text []byte) error {
	if _, err := u.pipe.Write(text); err != nil {
		a := <-u.answer
		u.answer <- a
		if a.err == nil && a.Status != http.StatusOK {
			return u.k.fault(a.Answer)
		}
		if a.err == nil {
			a.err = u.k.Lost(err)
		}
		return a.err
	}
	return nil
}

// abort ends an upload of which no job is to become.
func (u *upload) abort() {
	_ = u.pipe.CloseWithError(errGivenUp)
	a := <-u.answer
	u.answer <- a
}

// end sends the end of the rows and waits until the job has ended well. When the answer is
// lost BigQuery is asked whether there is such a job.
func (u *upload) end(ctx context.Context) (*job, error) {
	if err := u.write([]byte("\r\n--" + boundary + "--\r\n")); err != nil && !fault.IsTransient(err) {
		return nil, err
	}
	// From here on it is no longer to be stopped: nobody would know what has become of it.
	ctx = context.WithoutCancel(ctx)
	_ = u.pipe.Close()
	a := <-u.answer
	u.answer <- a
	j, err := u.became(ctx, a)
	if err == nil {
		j, err = u.k.await(ctx, j)
	}
	if err != nil {
		return nil, err
	}
	return j, u.k.failure(j)
}

// became returns the job that was made of an upload.
func (u *upload) became(ctx context.Context, a answered) (*job, error) {
	switch {
	case a.err == nil && a.Status == http.StatusOK:
		return u.k.jobOf(a.Answer)
	case a.err == nil && a.Status != http.StatusConflict && a.Status < http.StatusInternalServerError:
		return nil, u.k.fault(a.Answer)
	case a.err == nil:
		a.err = u.k.Unexpected(a.Answer)
	}
	found, err := u.k.job(ctx, u.id)
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Unavailable, err, "%s did not say whether the rows were taken: look before you run this again", u.k.Host()).With("commit_unknown")
	case found == nil:
		return nil, a.err
	}
	return found, nil
}

// lines writes rows as load jobs take them: one JSON object a line, with texts for everything
// that has no parts.
func (w *writer) lines(b *batch.Batch) []byte {
	var out []byte
	for row := range b.Rows {
		out = append(out, '{')
		if w.load.Mode.Merges() {
			out = strconv.AppendInt(append(out, `"`+rowColumn+`":`...), w.rows+int64(row), 10)
		}
		for i := range b.Columns {
			c := &b.Columns[i]
			if len(out) > 0 && out[len(out)-1] != '{' {
				out = append(out, ',')
			}
			out = append(rest.AppendString(out, w.to[i].Name), ':')
			out = w.to[i].append(out, c, row)
		}
		out = append(out, '}', '\n')
	}
	return out
}

// append writes a value for the column.
func (f field) append(to []byte, c *batch.Column, row int) []byte {
	if c.Kind != batch.Text || c.Valid != nil && !c.Valid[row] || c.Type == "" {
		return rest.AppendText(to, c, row)
	}
	return f.appendText(to, c.Type, c.Texts[row])
}

// appendText writes a text of a DuckDB type.
func (f field) appendText(to []byte, typ, text string) []byte {
	switch {
	case f.Type == "BYTES" && typ == "BLOB":
		bytes, err := hex.DecodeString(text)
		if err == nil {
			return append(base64.StdEncoding.AppendEncode(append(to, '"'), bytes), '"')
		}
	case f.nested() && typ != "VARCHAR" && json.Valid([]byte(text)):
		var flat []byte
		for _, b := range []byte(text) { // a line has no other; inside of texts JSON has neither
			if b != '\n' && b != '\r' {
				flat = append(flat, b)
			}
		}
		return append(to, flat...)
	}
	return rest.AppendString(to, text)
}
