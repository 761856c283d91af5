package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// DeviceLife is how long a browser stays known to an account.
const DeviceLife = 90 * 24 * time.Hour

// device is a browser that somebody has signed in with. Its failed sign-ins are
// counted apart, so that a stranger who locks an account does not lock its owner
// out of it. It opens nothing.
type device struct {
	user UserID
	id   string
	ends time.Time
}

const maxDevice = 512 // bytes of its text

// device returns d signed: user, id, end and a MAC, separated by dots.
func (s *signer) device(d device) string {
	text := string(d.user) + "." + d.id + "." + strconv.FormatInt(d.ends.Unix(), 10)
	return text + "." + deviceMAC(s.keys.signing().key, text)
}

func deviceMAC(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("broked device " + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// readDevice returns the device that a text of ours names for user. What is
// forged, over or another account's is no device, and neither is what a key
// signed that was rotated out: the browser is known again after its next sign-in.
func (s *signer) readDevice(text string, user UserID, now time.Time) (device, bool) {
	signed, mac, ok := cutLast(text)
	if !ok || len(text) > maxDevice {
		return device{}, false
	}
	ours := s.keys.any(now, func(key []byte) bool { return hmac.Equal([]byte(mac), []byte(deviceMAC(key, signed))) })
	if !ours {
		return device{}, false
	}
	parts := strings.Split(signed, ".")
	if len(parts) != 3 || UserID(parts[0]) != user {
		return device{}, false
	}
	ends, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || now.Unix() >= ends {
		return device{}, false
	}
	return device{user: user, id: parts[1], ends: time.Unix(ends, 0)}, true
}

func cutLast(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// renewed returns what a browser keeps after a sign-in: the same device with all
// of its time before it, or a new one.
func (s *signer) renewed(text string, user UserID, now time.Time) string {
	d, known := s.readDevice(text, user, now)
	if !known {
		d = device{user: user, id: newTokenID()}
	}
	d.ends = now.Add(DeviceLife)
	return s.device(d)
}
