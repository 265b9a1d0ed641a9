package cachetest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Secrets is the fake's Secrets Manager. Its methods are what a test arranges;
// clients reach it through GetSecretValue, BatchGetSecretValue, DescribeSecret,
// CreateSecret, PutSecretValue, UpdateSecretVersionStage, DeleteSecret and
// RestoreSecret. A method that is told of a secret or version that is not there
// panics, since that is a mistake in the test.
//
// A secret is named by its name, its ARN, or its ARN without the six random
// characters at the end. [Secrets.In] has those of another account or Region.
type Secrets struct {
	aws        *AWS
	place      place
	elsewhere  elsewhere[Secrets]
	operations map[string]jsonOperation

	mu       sync.Mutex
	secrets  []*secret
	pageSize int
}

type secret struct {
	name, arn string
	versions  []*secretVersion // oldest first
	created   time.Time
	changed   time.Time
	deleted   time.Time // zero: it is not
	rotation  time.Time // the next; zero: none
}

type secretVersion struct {
	id      string
	value   secretValue
	stages  []string
	created time.Time
}

// secretValue is a string or bytes.
type secretValue struct {
	SecretString *string `json:",omitempty"`
	SecretBinary []byte  `json:",omitempty"`
}

// The stages that Secrets Manager itself moves.
const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

const maxBatch = 20

func newSecrets(a *AWS, where place) *Secrets {
	s := &Secrets{aws: a, place: where, pageSize: maxBatch}
	s.operations = map[string]jsonOperation{
		"GetSecretValue":           jsonOp(s.getSecretValue),
		"BatchGetSecretValue":      jsonOp(s.batchGetSecretValue),
		"DescribeSecret":           jsonOp(s.describeSecret),
		"CreateSecret":             jsonOp(s.createSecret),
		"PutSecretValue":           jsonOp(s.putSecretValue),
		"UpdateSecretVersionStage": jsonOp(s.updateSecretVersionStage),
		"DeleteSecret":             jsonOp(s.deleteSecret),
		"RestoreSecret":            jsonOp(s.restoreSecret),
	}
	return s
}

// In is the Secrets Manager of another account or Region, for requests that are
// signed for it: by a role of that account ([AWS.STS]), for that Region. Each has
// secrets of its own.
func (s *Secrets) In(account, region string) *Secrets {
	return s.aws.Secrets.at(place{account, region})
}

// at finds the store of a place; s is the one at home.
func (s *Secrets) at(p place) *Secrets {
	if p == s.place {
		return s
	}
	return s.elsewhere.at(p, func() *Secrets { return newSecrets(s.aws, p) })
}

func (s *Secrets) read(operation string, body []byte) *call {
	c := readJSON("secretsmanager", operation, s.operations, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range c.keys {
		name := key
		if found := s.find(key); found != nil {
			name = found.name
		}
		c.names = append(c.names, name)
	}
	if operation != "BatchGetSecretValue" { // which takes no resource
		c.resources = c.keys
	}
	return c
}

// PutString stores a string as a new version of a secret and returns its id. The
// version gets the given stages; with none it becomes AWSCURRENT, and the version
// that was becomes AWSPREVIOUS, as after a rotation. A secret that is not there is
// created; a name that is the ARN of a secret in another account is found by that
// ARN only.
func (s *Secrets) PutString(name, value string, stages ...string) (versionID string) {
	return s.put(name, secretValue{SecretString: &value}, stages)
}

// PutBinary is PutString for bytes.
func (s *Secrets) PutBinary(name string, value []byte, stages ...string) (versionID string) {
	return s.put(name, secretValue{SecretBinary: slices.Clone(value)}, stages)
}

func (s *Secrets) put(name string, value secretValue, stages []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(name)
	if found == nil {
		found = s.create(name)
	}
	return s.add(found, newUUID(), value, stages).id
}

// Stage moves a stage, such as "AWSPENDING" or one of the user's own, to a version.
// A moved AWSCURRENT leaves AWSPREVIOUS behind.
func (s *Secrets) Stage(name, stage, versionID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.must(name)
	v := found.version(versionID)
	if v == nil {
		panic(fmt.Sprintf("cachetest: secret %s has no version %s", name, versionID))
	}
	found.move(stage, v)
}

// MarkDeleted schedules a secret for deletion: its value cannot be read until
// [Secrets.Restore].
func (s *Secrets) MarkDeleted(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.must(name).deleted = time.Now()
}

// Restore takes MarkDeleted back.
func (s *Secrets) Restore(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.must(name).deleted = time.Time{}
}

// Delete removes a secret at once. A secret that is not there is no mistake.
func (s *Secrets) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.find(name))
}

// RotatesAt sets the date of the next rotation, which DescribeSecret answers; a
// zero time ends rotation. Nothing rotates by itself.
func (s *Secrets) RotatesAt(name string, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.must(name).rotation = next
}

// ARN is the full ARN of a secret.
func (s *Secrets) ARN(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.must(name).arn
}

// PageSize makes BatchGetSecretValue answer at most n secrets a page, with a
// NextToken for the rest, as the service may. The default, and the most, is 20.
func (s *Secrets) PageSize(n int) {
	if n < 1 || n > maxBatch {
		panic("cachetest: a page has 1 to 20 secrets")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

// find returns a secret by name, ARN or partial ARN, or nil. s.mu is held.
func (s *Secrets) find(id string) *secret {
	i := slices.IndexFunc(s.secrets, func(x *secret) bool {
		ours := strings.HasPrefix(x.arn, s.ownARN())
		return id == x.arn || id == x.arn[:len(x.arn)-suffix] || ours && id == x.name
	})
	if i < 0 {
		return nil
	}
	return s.secrets[i]
}

func (s *Secrets) must(name string) *secret {
	found := s.find(name)
	if found == nil {
		panic("cachetest: there is no secret " + name)
	}
	return found
}

const suffix = len("-AbCdEf") // what the service adds to a name in its ARN

// ownARN begins the ARNs of this account and Region.
func (s *Secrets) ownARN() string {
	return "arn:aws:secretsmanager:" + s.place.region + ":" + s.place.account + ":secret:"
}

// create adds a secret without versions. s.mu is held.
func (s *Secrets) create(name string) *secret {
	now := time.Now()
	x := &secret{name: name, arn: s.ownARN() + name + "-" + rand.Text()[:suffix-1], created: now, changed: now}
	if parts := strings.SplitN(name, ":secret:", 2); len(parts) == 2 && len(parts[1]) > suffix {
		x.name, x.arn = parts[1][:len(parts[1])-suffix], name
	}
	s.secrets = append(s.secrets, x)
	return x
}

func (s *Secrets) remove(x *secret) {
	s.secrets = slices.DeleteFunc(s.secrets, func(o *secret) bool { return o == x })
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
