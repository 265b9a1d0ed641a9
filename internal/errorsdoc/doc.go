// Package errorsdoc holds no code. Its tests are the proofs of docs/errors.md: each
// error of the page is produced for real, against the fake AWS of package cachetest,
// and compared with the page word by word, together with what it is for errors.Is,
// with what is kept of the old value, and with the promise that no byte of a value
// gets into it.
package errorsdoc
