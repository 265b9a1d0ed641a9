// Package lambdacache gives an AWS Lambda function the configuration, secrets and
// files it needs, fetched once and held in memory until they reach their max age.
//
// Declare what the function needs, wrap the handler, done:
//
//	var apiKey = ssmcache.Parameter[string]("/production/app/var")
//
//	func handler(ctx context.Context, e Event) (Response, error) {
//		return answer(apiKey.Value(ctx))
//	}
//
//	func main() { lambda.Start(lambdacache.Wrap(handler, apiKey)) }
//
// The first invocation fetches; later invocations of the same execution
// environment find the value in memory; once it is older than its max age (60 s
// unless told otherwise) the next invocation fetches it again, before the handler
// runs. All that is due is fetched with as few calls as the services allow, side by
// side.
//
// # Reading
//
// [Entry.Value] gives the value of this invocation, fixed from its start to its
// end. [Entry.Get] gives the value of now and works anywhere. [Entry.Refresh] always
// asks the source. Values are shared by all invocations of the environment: maps,
// slices and what pointers point to are read-only.
//
// # Families
//
// A [Family] holds entries that are declared alike and known by a key only at run time,
// such as a secret for each tenant. Every source has a constructor for them.
//
// # Words
//
// An entry is a declared, typed, cached value. It is due when it was never loaded
// or is older than its max age. A load is one fetch from a source, stamped with the
// time it started. A snapshot is the set of values one invocation sees. An origin
// is one source with one client, Region and role. An environment is Lambda's
// execution environment: one process, frozen between invocations.
//
// # Sources
//
// Package ssmcache reads Systems Manager parameters, one by one or all below a path,
// secretcache Secrets Manager secrets, s3cache S3 objects, appconfigcache AppConfig
// configurations and feature flags, dynamocache DynamoDB items, httpcache any HTTPS
// document; [New] caches the result of any function, and package bind makes one entry of
// a struct. A source of your own is one type with one method: see [Source] and [Declare].
package lambdacache
