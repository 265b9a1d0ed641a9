// Package appconfigcache caches configurations and feature flags of AWS AppConfig:
//
//	var (
//		limits = appconfigcache.Configuration[Limits]("shop", "prod", "limits")
//		flags  = appconfigcache.Flags("shop", "prod", "flags")
//	)
//
// An entry keeps one configuration session of AppConfig's data plane for as long as
// the process lives: a load of it is one GetLatestConfiguration, which moves a body
// only when another version was deployed, and to a gradual deployment the environment
// is one client that does not go back and forth. The first load opens the session,
// with one StartConfigurationSession more; so does one after 24 hours without a load,
// after which a session has ended, and one whose session the service no longer knows,
// for example because the answer that held its next token was lost.
//
// # The poll interval
//
// A session may be asked once in a poll interval. Ours ask the service for the shortest
// there is, 15 s, so that the max age decides when to ask; the service may answer with
// a longer one, and that counts, up to the 24 hours of a session. Until it is over an
// entry is not due, whatever its max age: below 15 s a max age is 15 s. Refresh, and a read after lambdacache.Invalidate,
// do not wait for it: they open a new session, which costs two calls and the body. A
// body that could not be decoded is not had again before the interval is over, unless
// the max age is 0.
//
// # Versions
//
// The version of an entry is what the service calls the configuration's version label,
// "@", and the beginning of the SHA-256 of its body; only the latter where there is no
// label. Tokens are no part of it.
//
// An empty answer on a session that has given a configuration means "unchanged". So a
// configuration that was replaced by an empty one is seen when the next session is
// opened.
//
// IAM: appconfig:StartConfigurationSession and appconfig:GetLatestConfiguration on
// arn:aws:appconfig:REGION:ACCOUNT:application/ID/environment/ID/configuration/ID.
package appconfigcache

import (
	"fmt"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Configuration declares an entry for the configuration that is deployed of a
// configuration profile to an environment of an application, each by its name or id.
// The entry is named after the profile.
//
// The configuration becomes a T by what T is: []byte is the body as it is, not copied;
// a string the same as text; anything with UnmarshalText or UnmarshalJSON decodes
// itself; numbers, bool and time.Duration are parsed; everything else is JSON. The
// max age is 60 s unless [lambdacache.MaxAge] says otherwise.
//
// An empty name, a T that nothing can be decoded into (any), and an option of another
// source panic.
func Configuration[T any](application, environment, profile string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	k := newKey("Configuration", application, environment, profile)
	into, err := decode.To[T]()
	if err != nil {
		panic(fmt.Sprintf("lambdacache: appconfigcache.Configuration(%s): %v", k.quoted(), err))
	}
	return declare(k, func(body []byte) (T, error) { return into(decode.Bytes(body)) }, opts)
}

// ConfigurationFunc is [Configuration] with a decoder of your own, for YAML and the
// like. It must not change the body: entries of the same configuration share it. Of its
// error only the type is shown, because most decoders quote their input; return
// [lambdacache.Undecodable] to say more. A nil decoder panics.
func ConfigurationFunc[T any](application, environment, profile string, decode func(body []byte) (T, error), opts ...lambdacache.Option) *lambdacache.Entry[T] {
	k := newKey("ConfigurationFunc", application, environment, profile)
	if decode == nil {
		panic(fmt.Sprintf("lambdacache: appconfigcache.ConfigurationFunc(%s): the decoder is nil: write appconfigcache.Configuration to decode by type", k.quoted()))
	}
	return declare(k, decode, opts)
}

// Client makes an entry load with a client of your own, as it is: with other settings
// than those of package awsconfig. For another Region or account [Region] and [Config]
// are less to write. Entries with the same client and configuration share a session.
// *appconfigdata.Client is an API.
func Client(c API) lambdacache.Option { return clients.Client(c) }

// Region makes an entry load from another Region: "eu-west-1". It is part of what the
// entry loads. What is not the name of a Region panics, and so does Region together with
// [Client], which has one.
func Region(region string) lambdacache.Option { return clients.Region(region) }

// Config makes an entry load with another configuration, such as the credentials of a
// role in another account ([github.com/lambda-cache/lambdacache/awsconfig/assumerole]).
// Nil panics, and so does Config together with [Client], which has credentials of its
// own.
func Config(p awsconfig.Provider) lambdacache.Option { return clients.Config(p) }

func declare[T any](k key, decode func([]byte) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	origin, opts := origins.Take(k.String(), opts)
	return lambdacache.Declare(origin, k.String(), k.profile, decode, opts...)
}
