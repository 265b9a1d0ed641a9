// Package e2e tests the sources against servers that others wrote, and whole
// functions in a real Lambda process. "make e2e" installs what it needs and runs it.
package e2e
