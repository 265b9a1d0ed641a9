// Package cachetest is for tests of code that uses lambdacache, and for its own.
//
//   - [Context] and [Fixed] give entries their values, so that a handler is tested
//     without AWS: no server, no call.
//   - [NewAWS] starts a fake of Parameter Store, Secrets Manager, S3, AppConfig and
//     DynamoDB behind real HTTP, which counts, holds and fails as the test says.
//   - [NewClock] makes entries age by the test's own clock, and [Reset] puts the process
//     back to where it was before the first load.
//   - [Conformance] is the suite that every source must pass: run it for yours.
//
// It imports the standard library only.
package cachetest
