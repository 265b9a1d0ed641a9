// Package ssmcache caches parameters of AWS Systems Manager Parameter Store:
//
//	var apiKey = ssmcache.Parameter[string]("/production/app/var")
//
// Parameters that are due are fetched together, ten with one GetParameters call, and
// decrypted. IAM: ssm:GetParameters on every parameter, and kms:Decrypt on the key of
// a SecureString unless it is the account's own aws/ssm key; for a secret read through
// Parameter Store secretsmanager:GetSecretValue as well. ssm:GetParameter is used where
// ssm:GetParameters is not permitted, one call for each parameter.
//
// [Path] is for all parameters below a path, whichever there are.
package ssmcache

import (
	"fmt"
	"reflect"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Parameter declares an entry for one parameter: its name, with :version or :label
// if a certain one is wanted, or its full ARN; /aws/service/… for AWS's public
// parameters and /aws/reference/secretsmanager/… for a secret.
//
// A String or SecureString becomes a T by what T is: string, []byte, a number, a
// bool, a [time.Duration], anything with UnmarshalText, else JSON. A []string is made
// of a StringList only; any other T gets a StringList as text, joined by commas. The
// max age is 60 s unless [lambdacache.MaxAge] says otherwise.
//
// A name that no parameter can have, a T that nothing can be decoded into, and an
// option of another source panic.
func Parameter[T any](name string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	into, err := decoder(reflect.TypeFor[T]())
	if err != nil {
		panic(fmt.Sprintf("lambdacache: ssmcache.Parameter(%q): %v", name, err))
	}
	return declare(name, func(p *parameter) (v T, err error) {
		err = into(p, reflect.ValueOf(&v).Elem())
		return v, err
	}, opts)
}

// ParameterFunc is [Parameter] with a decoder of your own, which gets the value as
// text; that of a StringList is joined by commas. Its error is not passed on, because
// most decoders quote their input: return [lambdacache.Undecodable] to say what is
// wrong.
func ParameterFunc[T any](name string, decode func(value string) (T, error), opts ...lambdacache.Option) *lambdacache.Entry[T] {
	if decode == nil {
		panic(fmt.Sprintf("lambdacache: ssmcache.ParameterFunc(%q): the decoder is nil", name))
	}
	return declare(name, func(p *parameter) (T, error) { return decode(p.value) }, opts)
}

// Client makes an entry load with a client of your own, as it is: with other settings
// than those of package awsconfig. For another Region or account [Region] and [Config]
// are less to write. Entries with the same client share calls. *ssm.Client is an API.
// For a [Path] the client must have GetParametersByPath, too; one without it panics.
func Client(c API) lambdacache.Option { return clients.Client(c) }

// Region makes an entry load from another Region: "eu-west-1". It is part of what the
// entry loads: a name in two Regions is two parameters. What is not the name of a Region
// panics, and so does Region together with [Client], which has one.
func Region(region string) lambdacache.Option { return clients.Region(region) }

// Config makes an entry load with another configuration, such as the credentials of a
// role in another account ([github.com/lambda-cache/lambdacache/awsconfig/assumerole]).
// Entries with the same provider and Region share calls. Nil panics, and so does Config
// together with [Client], which has credentials of its own.
func Config(p awsconfig.Provider) lambdacache.Option { return clients.Config(p) }

func declare[T any](name string, decode func(*parameter) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	key, err := parse(name)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: ssmcache: parameter %q: %v", name, err))
	}
	origin, opts := origins.Take(key.String(), opts)
	return lambdacache.Declare(origin, key.String(), "", decode, opts...)
}

// decoder works out how a parameter becomes a value of type t.
func decoder(t reflect.Type) (func(p *parameter, dst reflect.Value) error, error) {
	into, err := decode.For(t)
	if err != nil {
		return nil, err
	}
	strings := decode.IsStrings(t)
	return func(p *parameter, dst reflect.Value) error {
		if strings && !p.list {
			return lambdacache.Undecodable(fmt.Sprintf("the parameter is a %s, and only a StringList becomes a %v: declare string, or change the parameter", p.kind, t))
		}
		return into(p.raw(), dst)
	}, nil
}
