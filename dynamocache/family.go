package dynamocache

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/lambda-cache/lambdacache"
)

// Family declares a family of items of one table that are known only at run time, such as
// one for each tenant; primaryKey gives the
// key of each:
//
//	var tenants = dynamocache.Family[Tenant]("tenants", func(id string) dynamocache.PrimaryKey {
//		return dynamocache.Key("pk", "tenant#"+id)
//	})
//
//	tenant, err := tenants.Get(ctx, "acme")
//
// What no key can be, for which [Key] panics, is the error of whoever reads it. The rest
// is as for [Item], and for [lambdacache.Family]. A name that no table can have, a nil
// function, a T that no item can be decoded into, and an option of another source panic.
func Family[T any, K comparable](table string, primaryKey func(K) PrimaryKey, opts ...lambdacache.Option) *lambdacache.Family[K, T] {
	into, err := decoder(reflect.TypeFor[T]())
	if err == nil {
		err = checkTable(table)
	}
	if err == nil && primaryKey == nil {
		err = errors.New("the function for the keys is nil")
	}
	if err != nil {
		panic(fmt.Sprintf("lambdacache: dynamocache.Family(%q): %v", table, err))
	}
	strongly, _, _ := consistent.Take(opts)
	origin, opts := choose("of a family", opts)
	return lambdacache.DeclareFamily(origin, func(k K) (lambdacache.Located, error) {
		primary, err := tried(func() PrimaryKey { return primaryKey(k) })
		if err != nil {
			return lambdacache.Located{}, err
		}
		return lambdacache.Located{Key: key{keyOf(table, primary), strongly}.String(), Name: primary.name()}, nil
	}, func(i *item) (v T, err error) {
		err = into(i.attributes(), reflect.ValueOf(&v).Elem())
		return v, err
	}, opts...)
}

// tried makes a key, and an error of what Key panics with: at run time that is somebody's
// bad input, not a mistake of the program.
func tried(f func() PrimaryKey) (k PrimaryKey, err error) {
	defer func() {
		r := recover()
		text, _ := r.(string)
		if reason, ours := strings.CutPrefix(text, keyPanic); ours {
			err = errors.New(reason)
		} else if r != nil {
			panic(r)
		}
	}()
	k = f()
	if len(k.attributes) == 0 {
		err = errors.New(`the key is empty: write dynamocache.Key("pk", "tenant#1")`)
	}
	return k, err
}
