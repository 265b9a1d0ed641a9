// Package frompython holds no code. Its tests are the proofs of
// docs/from-python.md, which puts every call and behaviour of the Python package
// lambda-cache beside ours: each row of the page names a test, and each test has a
// row. They use the packages as a user does, against the fake AWS and the clock of
// package cachetest.
package frompython
