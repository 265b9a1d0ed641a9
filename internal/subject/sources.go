package subject

import (
	"cmp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/appconfigcache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/s3cache"
	"github.com/lambda-cache/lambdacache/secretcache"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// Source is a source of AWS with the fake's service of a place.
type Source struct {
	Name   string
	Global bool // what a key holds is the same everywhere

	at     func(t testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject
	region func(string) lambdacache.Option
	config func(awsconfig.Provider) lambdacache.Option
}

// Sources are all sources of AWS that are to be had with Region and Config.
var Sources = []Source{
	{
		"ssmcache", false,
		func(_ testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
			return OnFake(SSM(p.clients(fake)), fake, "ssm:GetParameters", "GetParameters", "GetParameter")
		},
		ssmcache.Region, ssmcache.Config,
	},
	{
		"ssmcache.Path", false,
		func(_ testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
			return OnFake(Paths(p.clients(fake)), fake, "ssm:GetParametersByPath", "GetParametersByPath")
		},
		ssmcache.Region, ssmcache.Config,
	},
	{
		"secretcache", false,
		func(_ testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
			return OnFake(Secrets(p.clients(fake)), fake, "secretsmanager:GetSecretValue", "GetSecretValue", "BatchGetSecretValue")
		},
		secretcache.Region, secretcache.Config,
	},
	{"s3cache.Object", true, objects, s3cache.Region, s3cache.Config},
	{
		"s3cache.File", true,
		func(t testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject { return Files(objects(t, fake, p)) },
		s3cache.Region, s3cache.Config,
	},
	{
		"appconfigcache", false,
		func(_ testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
			return OnFake(AppConfig(fake.AppConfig.In(p.account(), p.region())), fake,
				"appconfig:GetLatestConfiguration", "StartConfigurationSession", "GetLatestConfiguration")
		},
		appconfigcache.Region, appconfigcache.Config,
	},
	{
		"dynamocache", false,
		func(t testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
			return DynamoOnFake(Dynamo(t, p.clients(fake)), fake)
		},
		dynamocache.Region, dynamocache.Config,
	},
	{
		"dynamocache with a sort key", false,
		func(t testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
			return DynamoOnFake(DynamoSorted(t, p.clients(fake)), fake)
		},
		dynamocache.Region, dynamocache.Config,
	},
}

func objects(t testing.TB, fake *cachetest.AWS, p Place) cachetest.Subject {
	return OnFake(S3(t, p.clients(fake)), fake, "s3:GetObject", "GetObject", "HeadObject")
}

// In is the source with the entries of a place, and with the same keys in others.
func (s Source) In(t testing.TB, fake *cachetest.AWS, p Place, others ...Place) cachetest.Subject {
	for _, p := range append(others, p) {
		if p.Account != "" {
			fake.STS.PutRole(p.role(), "")
		}
	}
	subject := s.at(t, fake, p)
	text, document, family, opts := subject.Text, subject.Document, subject.Family, s.options(p)
	subject.Text = func(key string, more ...lambdacache.Option) *lambdacache.Entry[string] {
		return text(key, append(more, opts...)...)
	}
	subject.Family = func(more ...lambdacache.Option) cachetest.TextFamily { return family(append(more, opts...)...) }
	if document != nil {
		subject.Document = func(key string, more ...lambdacache.Option) *lambdacache.Entry[cachetest.Document] {
			return document(key, append(more, opts...)...)
		}
	}
	for _, other := range others {
		opts := s.options(other)
		elsewhere := cachetest.Elsewhere{
			Text: func(key string, more ...lambdacache.Option) *lambdacache.Entry[string] {
				return text(key, append(more, opts...)...)
			},
		}
		if !s.Global {
			there := s.at(t, fake, other)
			elsewhere.Put, elsewhere.Remove = there.Put, there.Remove
		}
		subject.Elsewhere = append(subject.Elsewhere, elsewhere)
	}
	return subject
}

// options say that an entry is in a place.
func (s Source) options(p Place) (opts []lambdacache.Option) {
	if p.Region != "" {
		opts = append(opts, s.region(p.Region))
	}
	if p.Account != "" {
		opts = append(opts, s.config(assumerole.Role(p.role())))
	}
	return opts
}

// Place is an account and a Region; the zero one is the function's.
type Place struct{ Account, Region string }

func (p Place) account() string { return cmp.Or(p.Account, cachetest.Account) }
func (p Place) region() string  { return cmp.Or(p.Region, cachetest.Region) }

// role is whom the entries of another account are read as.
func (p Place) role() string { return "arn:aws:iam::" + p.Account + ":role/suite" }

// clients is a configuration for the clients that arrange what is in a place.
func (p Place) clients(fake *cachetest.AWS) aws.Config {
	cfg := Config(fake.URL(), "any", "any")
	cfg.Region = p.region()
	if p.Account != "" {
		cfg.Credentials = assumerole.Role(p.role())
	}
	return cfg
}
