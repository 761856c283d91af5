package remote

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// sharedKey returns the signature of a request by the key of a storage account.
//
// Source: "Authorize with Shared Key", learn.microsoft.com/rest/api/storageservices, for
// versions from 2015-02-21 on.
func sharedKey(req *http.Request, account string, key []byte) string {
	length := ""
	if req.ContentLength > 0 {
		length = strconv.FormatInt(req.ContentLength, 10)
	}
	h := req.Header
	text := strings.Join([]string{
		req.Method, h.Get("Content-Encoding"), h.Get("Content-Language"), length, h.Get("Content-MD5"), h.Get("Content-Type"),
		"", // Date: X-Ms-Date takes its place
		h.Get("If-Modified-Since"), h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Unmodified-Since"), h.Get("Range"),
	}, "\n") + "\n" + ownHeaders(h) + "/" + account + req.URL.EscapedPath() + resource(req)
	sum := hmac.New(sha256.New, key)
	_, _ = sum.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// ownHeaders returns the headers of the service, a line each.
func ownHeaders(h http.Header) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-ms-") {
			text.WriteString(lower + ":" + strings.TrimSpace(h.Get(name)) + "\n")
		}
	}
	return text.String()
}

// resource returns what is behind the question mark, a line each.
func resource(req *http.Request) string {
	var text strings.Builder
	query := req.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := slices.Sorted(slices.Values(query[name]))
		text.WriteString("\n" + strings.ToLower(name) + ":" + strings.Join(values, ","))
	}
	return text.String()
}
