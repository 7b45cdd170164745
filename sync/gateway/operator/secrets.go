package operator

// Passwords and codes: made, kept, checked.

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"

	"github.com/tserve/jolly/sync/gateway"
)

// Cost is what argon2id is asked to spend.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost is the second recommendation of RFC 9106, for servers.
func DefaultCost() Cost { return Cost{Memory: 64 << 10, Passes: 3, Lanes: 4} }

const (
	saltSize = 16
	hashSize = 32
)

// MinPassword is the fewest letters of a password that an operator chooses.
const MinPassword = 14

// maxPassword bounds what is worked on.
const maxPassword = 256

// ErrPassword says that a password cannot be chosen.
var ErrPassword = fmt.Errorf("a password has %d letters at least, %d bytes at most", MinPassword, maxPassword)

// CheckPassword says whether an operator may choose it.
func CheckPassword(password string) error {
	if utf8.RuneCountInString(password) < MinPassword || len(password) > maxPassword {
		return ErrPassword
	}
	return nil
}

// Hash is the password as the book keeps it, in the form of the argon2 tool.
func (c Cost) Hash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails: crypto/rand ends the process instead
	key := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, hashSize)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

var errHash = errors.New("not a hash of a password")

// verify says whether the password is the one behind the hash.
func verify(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	var version int
	var c Cost
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes); err != nil || c.Lanes == 0 || c.Passes == 0 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// Given is what a new or a reset operator gets, once.
type Given struct {
	Password string
	TOTP     string // the secret in base32, for typing
	URL      string // otpauth://..., as a QR code carries it
}

// Format prints nothing of it.
func (Given) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

const issuer = "T-Serve"

// NewSecrets makes a password of 100 random bits and a TOTP secret, and what the
// book keeps of them.
func NewSecrets(name string, c Cost) (Given, gateway.Secrets, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: name, SecretSize: 20})
	if err != nil {
		return Given{}, gateway.Secrets{}, fmt.Errorf("make TOTP secret: %w", err)
	}
	var random [13]byte
	rand.Read(random[:])
	text := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))[:20]
	g := Given{Password: text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:], TOTP: key.Secret(), URL: key.URL()}
	return g, gateway.Secrets{Password: c.Hash(g.Password), TOTP: g.TOTP}, nil
}

// period is how long a code of TOTP is the newest.
const period = 30 * time.Second

// stepOf finds the step of time that a code belongs to: this one, the one before
// or the one after, for clocks that differ.
func stepOf(secret, code string, now time.Time) (step int64, ok bool) {
	current := now.Unix() / int64(period/time.Second)
	for _, step := range []int64{current, current - 1, current + 1} {
		good, err := hotp.ValidateCustom(code, uint64(step), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && good {
			return step, true
		}
	}
	return 0, false
}
