package errorsdoc_test

import (
	"context"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/bind"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Structs with tags that are mistakes. Their name is in the text.
type (
	unknownTag struct {
		Key string `smm:"/app/key"`
	}
	hiddenField struct {
		key string `ssm:"/app/key"`
	}
	unsetVariable struct {
		Key string `ssm:"/${ERRORSDOC_STAGE}/app/key"`
	}
	badDuration struct {
		DB struct {
			Hosts []string `ssm:"/app/hosts" maxage:"5"`
		}
	}
	noProfile struct {
		Flags appconfigcache.FlagSet `appconfig:"shop/flags"`
	}
	noKey struct {
		Tenant tenant `dynamo:"tenants"`
	}
)

func mistakesInTags() []mistake {
	_ = hiddenField{}.key
	return []mistake{
		{"A tag that is unknown", binds[unknownTag](ssmcache.Tag)},
		{"A tag on a field that is not exported", binds[hiddenField](ssmcache.Tag)},
		{"A variable that is not set", binds[unsetVariable](ssmcache.Tag)},
		{"A tag with a duration that is none", binds[badDuration](ssmcache.Tag)},
		{"A tag of a configuration that is not whole", binds[noProfile](appconfigcache.Tag)},
		{"A tag of an item without its key", binds[noKey](dynamocache.Tag)},
	}
}

func binds[T any](of lambdacache.Option) func(context.Context) {
	return func(context.Context) { bind.Struct[T](of) }
}
