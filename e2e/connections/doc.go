// Package connections measures what a load costs when the connection that was kept for
// it has died, under our configuration and under the SDK's own, and writes
// docs/connections.md.
package connections
