package httpcache

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// location is where a document is.
type location struct {
	base  string // scheme, host and path
	query string // "" or with its question mark; it may hold a secret
	host  string
}

// locate reads the URL that a constructor was given.
func locate(caller, raw string) location {
	at, err := parse(raw)
	if err != nil {
		panic(fmt.Sprintf("lambdacache: httpcache.%s(%q): %v", caller, harmless(raw), err))
	}
	return at
}

func parse(raw string) (location, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return location{}, errors.New(`not a URL: write "https://host/path"`) // url's own error quotes
	case u.User != nil:
		return location{}, errors.New(`a user name or password has no place in a URL, which logs show: give it with httpcache.Header("Authorization", …)`)
	case u.Scheme == "http" && u.Hostname() != "" && !isLoopback(u.Hostname()):
		return location{}, errors.New("http is for this machine alone (localhost, 127.0.0.1): write https")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return location{}, errors.New(`not the URL of a document: write "https://host/path"`)
	case strings.Contains(raw, "#"):
		return location{}, errors.New("a fragment is never sent to a server: leave out # and what follows it")
	}
	at := location{host: strings.ToLower(u.Host)}
	if u.RawQuery != "" || u.ForceQuery {
		at.query = "?" + u.RawQuery
	}
	u.Host, u.RawQuery, u.ForceQuery = at.host, "", false
	u.Path = cmp.Or(u.Path, "/")
	at.base = u.String()
	return at, nil
}

// isLoopback reports whether a host is this machine, as far as its name tells.
func isLoopback(host string) bool {
	return net.ParseIP(host).IsLoopback() || strings.EqualFold(host, "localhost")
}

// key is the location as the key of an entry, which errors and events show. Two
// locations that differ in the values of a query have one key: they are told apart by
// their origins.
func (at location) key() string { return at.base + hidden(at.query) }

// name is the default name of an entry: the last part of the path that is not empty.
func (at location) name() string {
	_, path, _ := strings.Cut(strings.SplitN(at.base, "://", 2)[1], "/")
	path = strings.TrimRight(path, "/")
	return cmp.Or(path[strings.LastIndexByte(path, '/')+1:], at.host)
}

// urlOf gives the URL of a key whose query is known.
func urlOf(key, query string) (*url.URL, error) {
	base, _, _ := strings.Cut(key, "?")
	u, err := url.Parse(base + query)
	if err != nil {
		return nil, errors.New("the key is not the URL of a document")
	}
	return u, nil
}

// hidden is a query without its values; what has no "=" may be a value itself.
func hidden(query string) string {
	rest, found := strings.CutPrefix(query, "?")
	if !found || rest == "" {
		return query
	}
	parts := strings.Split(rest, "&")
	for i, part := range parts {
		name, _, named := strings.Cut(part, "=")
		switch {
		case named:
			parts[i] = name + "=…"
		case part != "":
			parts[i] = "…"
		}
	}
	return "?" + strings.Join(parts, "&")
}

// harmless is what a message may show of something that is perhaps no URL: nothing
// that may be a password, nor the values of a query.
func harmless(raw string) string {
	if strings.Contains(raw, "@") { // where a password ends, but for those with a "/", a "?" or a "#" in them
		scheme, _, _ := strings.Cut(raw, "://")
		if scheme = strings.ToLower(scheme); scheme != "http" {
			scheme = "https"
		}
		return scheme + "://…"
	}
	raw, _, _ = strings.Cut(raw, "#")
	raw, query, asked := strings.Cut(raw, "?")
	if asked {
		raw += hidden("?" + query)
	}
	return raw
}
