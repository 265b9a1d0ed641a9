// Package dynamocache caches items of DynamoDB tables:
//
//	type Tenant struct {
//		Plan  string `dynamodbav:"plan"`
//		Limit int    `dynamodbav:"limit"`
//	}
//
//	var tenant = dynamocache.Item[Tenant]("tenants", dynamocache.Key("pk", "tenant#1"))
//
// Items that are due are fetched together, a hundred of whatever tables with one
// BatchGetItem call; a single one with GetItem. IAM: dynamodb:GetItem and
// dynamodb:BatchGetItem on every table, and kms:Decrypt on the key of a table that is
// encrypted under a key of your own. Where the batch is not permitted each item costs
// a call.
package dynamocache

import (
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
)

// Item declares an entry for one item of a table, which is given by its name or ARN.
//
// The item becomes a T as package attributevalue of the AWS SDK decodes it, by the tag
// dynamodbav: T is a struct, a map with names as keys, or has a method
// UnmarshalDynamoDBAttributeValue. A string attribute also becomes anything with
// UnmarshalText, and a binary one anything with UnmarshalBinary. A struct that is made
// of text only, such as a [lambdacache.Redacted] or a netip.Addr, is made of the text of
// a number or a Boolean as well; a map for it is an error.
//
// The entry's version is a hash of the item: DynamoDB has none. An item that has not
// changed is not decoded again. The entry's default name is the value of the key,
// "tenant#1" or "tenant#1/7", and the max age is 60 s unless [lambdacache.MaxAge]
// says otherwise. Reads are eventually consistent unless [Consistent] is given.
//
// A name that no table can have, a zero key, a T that no item can be decoded into, and
// an option of another source panic.
func Item[T any](table string, key PrimaryKey, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	into, err := decoder(reflect.TypeFor[T]())
	if err != nil {
		panic(fmt.Sprintf("lambdacache: dynamocache.Item(%q): %v", table, err))
	}
	return declare(table, key, func(i *item) (v T, err error) {
		err = into(i.attributes(), reflect.ValueOf(&v).Elem())
		return v, err
	}, opts)
}

// ItemFunc is [Item] with a decoder of your own, which gets the attributes of the item
// as the SDK has them; the map is the decoder's. Its error is not passed on, because most
// decoders quote their input: return [lambdacache.Undecodable] to say what is wrong.
func ItemFunc[T any](table string, key PrimaryKey, decode func(item map[string]types.AttributeValue) (T, error), opts ...lambdacache.Option) *lambdacache.Entry[T] {
	if decode == nil {
		panic(fmt.Sprintf("lambdacache: dynamocache.ItemFunc(%q): the decoder is nil", table))
	}
	return declare(table, key, func(i *item) (T, error) { return decode(cloneMap(i.attributes())) }, opts)
}

var consistent = lambdacache.NewOptionKind[bool]("dynamocache.Consistent")

// Consistent makes an entry's reads strongly consistent: they see all writes that
// succeeded before, for twice the read capacity. An item that is read both ways is two
// items to the cache. The default is eventually consistent.
func Consistent() lambdacache.Option { return consistent.With(true) }

func declare[T any](table string, primary PrimaryKey, decode func(*item) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	if err := checkTable(table); err != nil {
		panic(fmt.Sprintf("lambdacache: dynamocache: table %q: %v", table, err))
	}
	if len(primary.attributes) == 0 {
		panic(fmt.Sprintf(`lambdacache: dynamocache: table %q: the key is empty: write dynamocache.Key("pk", "tenant#1")`, table))
	}
	k := key{Key: keyOf(table, primary)}
	k.consistent, _, _ = consistent.Take(opts)
	origin, opts := choose(k.String(), opts)
	return lambdacache.Declare(origin, k.String(), primary.name(), decode, opts...)
}

// choose gives the origin that opts are for, and those that are left.
func choose(key string, opts []lambdacache.Option) (*lambdacache.Origin[*item], []lambdacache.Option) {
	if _, strongly, rest := consistent.Take(opts); strongly {
		return consistently.Take(key, rest)
	}
	return eventually.Take(key, opts)
}
