package awsconfig

import "github.com/aws/aws-sdk-go-v2/aws"

// Provider makes another configuration of the default one, for the Config option of a
// source: package assumerole has one that changes the credentials. A provider must be
// comparable, such as a pointer: entries with the same provider share clients and calls.
type Provider interface {
	// Configure gives the configuration that clients are made of. It is called at the
	// first load, and again after an error, which that load fails with. It must not wait,
	// for a network or anybody else: it has no context, and all who want a client of the
	// same source wait for it. What takes time belongs into the credentials, which are
	// retrieved within a load's own. cfg is the caller's own copy of [Default] or [Streaming].
	Configure(cfg aws.Config) (aws.Config, error)

	// String says in errors and events who reads: "arn:aws:iam::222222222222:role/reader".
	String() string
}
