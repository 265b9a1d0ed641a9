package errorsdoc_test

import (
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

// app is the application of all configurations here.
const app = "shop"

func configuration[T any](profile string) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[T] {
			return appconfigcache.Configuration[T](app, "prod", profile, o...)
		})
	}
}

func deploys(profile, body string) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) { aws.AppConfig.Put(app, "prod", profile, body) }
}

func configurations() []loading {
	return []loading{
		{
			heading: "A configuration that is not deployed",
			declare: configuration[string]("missing"),
			good:    deploys("missing", goodValue),
			bad:     func(aws *cachetest.AWS) { aws.AppConfig.Delete(app, "prod", "missing") },
			code:    "ResourceNotFoundException",
		},
		{
			heading: "A configuration that may not be read",
			declare: configuration[string]("denied"),
			good:    deploys("denied", goodValue),
			bad: func(aws *cachetest.AWS) {
				aws.Deny("appconfig:GetLatestConfiguration", app+"/prod/denied")
			},
			code: "AccessDeniedException",
		},
		{
			heading: "A session of AppConfig that may not be started",
			declare: configuration[string]("unstarted"),
			good:    deploys("unstarted", goodValue),
			bad: func(aws *cachetest.AWS) {
				aws.AppConfig.LoseSessions()
				aws.Deny("appconfig:StartConfigurationSession", app+"/prod/unstarted")
			},
			code: "AccessDeniedException",
		},
		{
			heading: "A configuration that holds no feature flags",
			declare: func() probe {
				return probing(func(o ...lambdacache.Option) *lambdacache.Entry[appconfigcache.FlagSet] {
					return appconfigcache.Flags(app, "prod", "noflags", o...)
				})
			},
			good:   deploys("noflags", `{"basket":{"enabled":true,"key":"`+goodValue+`"}}`),
			bad:    deploys("noflags", `{"basket":{"limit":"`+badValue+`"}}`),
			values: []string{badValue},
			pause:  15 * time.Second,
		},
		{
			heading: "A flag that comes as variants",
			declare: func() probe {
				return probing(func(o ...lambdacache.Option) *lambdacache.Entry[appconfigcache.FlagSet] {
					return appconfigcache.Flags(app, "prod", "variants", o...)
				})
			},
			good:   deploys("variants", `{"basket":{"enabled":true,"key":"`+goodValue+`"}}`),
			bad:    deploys("variants", `{"basket":{"_variants":[{"name":"`+badValue+`","enabled":true}]}}`),
			values: []string{badValue},
			pause:  15 * time.Second,
		},
		{
			heading: "Answers of AppConfig that break off",
			declare: configuration[string]("broken"),
			good:    deploys("broken", goodValue),
			bad: func(aws *cachetest.AWS) {
				deploys("broken", strings.Repeat(badValue, 100))(aws)
				aws.Fail(cachetest.Fault{Operation: "GetLatestConfiguration", Do: cachetest.TruncateBody(600)}) // no error is that long
			},
			code:   "BadRequestException",
			values: []string{badValue},
		},
		{
			heading: "An answer that is not AppConfig's",
			declare: configuration[string]("foreign"),
			good:    deploys("foreign", goodValue),
			bad:     fails(cachetest.Malformed()),
		},
	}
}
