// Package s3cache gives a Lambda function objects of S3, decoded in memory or as
// files in /tmp:
//
//	var (
//		rules = s3cache.Object[Rules]("s3://config/rules.json")
//		model = s3cache.File("s3://models/fraud.bin", lambdacache.MaxAge(time.Hour))
//	)
//
//	func handler(ctx context.Context, e Event) (Response, error) {
//		return answer(rules.Value(ctx), model.Value(ctx).Path())
//	}
//
//	func main() { lambda.Start(lambdacache.Wrap(handler, rules, model)) }
//
// A load is one GetObject, and some more if the object is large. Once an object is held
// the request is conditional (If-None-Match), so that a load of an object that did not
// change moves no body. A body counts only when it is whole: its length is compared
// with what S3 announced, and its checksum with what S3 holds. The version of an entry
// is the object's ETag.
//
// A load may take as long as bytes arrive: with the default client 1.5 s to the
// first byte, and as much without progress, end it. [lambdacache.LoadTimeout] sets a
// limit for the whole.
//
// The function needs s3:GetObject on the object, s3:GetObjectVersion with
// [VersionID], and kms:Decrypt on the key of an object encrypted with SSE-KMS.
// Without s3:ListBucket on the bucket S3 answers for an object that does not exist
// as for one that is denied.
//
// # URIs
//
// A URI is "s3://", the bucket, a slash and the key. The key is taken as it is, the
// way S3 has it: nothing is unescaped or cleaned, and '%', '?', '#', spaces and
// "../" are part of it. In place of the bucket there may be the ARN of an access
// point: "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/my-ap/key". An entry
// is named after what follows the last slash.
//
// # Large objects
//
// An object of 16 MiB or more comes in several streams ([Streams]), because one of S3
// brings some tens of megabytes a second whatever the function could take. The answer
// to the GetObject goes on from the object's begin; ranges of 4 MiB or more are asked for
// from its end, until they meet. Each is a request that S3 counts; all are of one version
// (If-Match). When the object is overwritten meanwhile it is begun anew, and the second
// time in one stream, which brings the version that it began with. A stream that breaks
// off goes on where it broke. Where ranges cannot be had, as from some servers that are
// not AWS's, the first answer brings all of the object.
//
// S3's checksum of the whole object, which the SDK asks for unless it is told not to, is
// compared with what has come. Some objects that were uploaded in parts have none, only
// one of their parts' checksums (COMPOSITE); of them nothing but length and version can be
// compared, in one stream or several. For a file a stream takes 64 KiB of memory besides
// its connection's; an object in memory takes its size, once.
//
// # Files
//
// Files are kept in a folder of the process's own under [os.TempDir], which only
// the function's user can read. A version lives as long as something reaches its
// [LocalFile]: the entry, the snapshot of an invocation, the caller. So a new version
// is downloaded beside the old one, and /tmp (the function's EphemeralStorage, 512 MB
// by default) needs room for both. What a process leaves behind when it ends or
// crashes is never read again; the next one removes it.
package s3cache

import (
	"fmt"
	"strings"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Object declares an entry for an object that is held in memory, decoded once per
// load by T: []byte is the body as it is, not copied; a string the same as text; a
// type with UnmarshalText or UnmarshalJSON decodes itself; numbers, bool and
// time.Duration are parsed; everything else is JSON. A body that S3 holds compressed
// is not decompressed.
//
// Object panics if the URI is not one, if nothing can be decoded into T (any), and
// on an option of another source.
func Object[T any](uri string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	into, err := decode.To[T]()
	if err != nil {
		panic(fmt.Sprintf("lambdacache: s3cache.Object(%q): %v", uri, err))
	}
	return object("Object", uri, func(body []byte) (T, error) { return into(decode.Bytes(body)) }, opts)
}

// ObjectFunc is [Object] with a decoder of your own. It must not change the body:
// entries of the same object share it. Of its error only the type is shown, because
// most decoders quote their input; return [lambdacache.Undecodable] to say more.
// A nil decoder panics.
func ObjectFunc[T any](uri string, decode func(body []byte) (T, error), opts ...lambdacache.Option) *lambdacache.Entry[T] {
	if decode == nil {
		panic(fmt.Sprintf("lambdacache: s3cache.ObjectFunc(%q): the decoder is nil: write s3cache.Object to decode by type", uri))
	}
	return object("ObjectFunc", uri, decode, opts)
}

// File declares an entry for an object that is downloaded to a file. It suits what is
// large or is wanted by path, such as models, databases and templates; the download
// needs little memory, whatever the object's size. Do not keep secrets that way: use
// [Object], which never writes to disk.
//
// When the file was removed or changed since it was downloaded, the next load, due at
// max age, downloads it again; Refresh does so at once.
//
// File panics if the URI is not one and on an option of another source.
func File(uri string, opts ...lambdacache.Option) *lambdacache.Entry[*LocalFile] {
	return file(uri, func(f *LocalFile) (*LocalFile, error) { return f, nil }, opts)
}

func file[T any](uri string, asIs func(*LocalFile) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	loc, rest := options("File", uri, opts)
	origin, rest := fileOrigins.take(loc.cacheKey(), rest)
	return lambdacache.Declare(origin, loc.cacheKey(), loc.name(), asIs, rest...)
}

func object[T any](caller, uri string, decode func([]byte) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	loc, rest := options(caller, uri, opts)
	origin, rest := objectOrigins.take(loc.cacheKey(), rest)
	return lambdacache.Declare(origin, loc.cacheKey(), loc.name(), decode, rest...)
}

var versionOption = lambdacache.NewOptionKind[string]("s3cache.VersionID")

// Client makes an entry load with c, used as it is, in place of the client that is
// made of [github.com/lambda-cache/lambdacache/awsconfig]. For another Region, role or
// account [Region] and [Config] are less to write. Entries with the same client and
// object share loads. Give it a pointer, such as an *s3.Client: nil, and a value that
// cannot be compared, panic.
func Client(c API) lambdacache.Option { return clients.Client(c) }

// Region makes an entry load from a bucket in another Region: "eu-west-1". What is not
// the name of a Region panics, and so does Region together with [Client], which has one.
func Region(region string) lambdacache.Option { return clients.Region(region) }

// Config makes an entry load with another configuration, such as the credentials of a
// role in another account ([github.com/lambda-cache/lambdacache/awsconfig/assumerole]).
// Entries with the same provider and Region share loads. Nil panics, and so does Config
// together with [Client], which has credentials of its own.
func Config(p awsconfig.Provider) lambdacache.Option { return clients.Config(p) }

// VersionID pins an entry to one version of its object, in a bucket with versioning.
// It is part of what the entry loads: the same object with two ids is two entries'
// two loads. A version never changes, so combine it with
// lambdacache.MaxAge(lambdacache.Forever). An empty id, and one with a space in it,
// panic.
func VersionID(id string) lambdacache.Option {
	if id == "" || strings.ContainsFunc(id, unprintable) {
		panic(fmt.Sprintf("lambdacache: s3cache.VersionID(%q): not the id of a version; leave the option out for the current version", id))
	}
	return versionOption.With(id)
}

// options reads what the constructors have in common.
func options(caller, uri string, opts []lambdacache.Option) (location, []lambdacache.Option) {
	loc, err := parse(uri)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: s3cache.%s(%q): %v", caller, uri, err))
	}
	loc.version, _, opts = versionOption.Take(opts)
	return loc, opts
}
