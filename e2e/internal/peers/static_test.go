package peers

import (
	"io"
	"net/http"
	"testing"
)

func TestServeStatic(t *testing.T) {
	var endpoint string
	t.Run("running", func(t *testing.T) {
		s := ServeStatic(t, StaticOptions{ETag: true, MaxAge: "1h"})
		endpoint = s.Endpoint
		s.Put(t, "/a/b", "one")
		resp, err := http.Get(s.Endpoint + "/a/b")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		h := resp.Header
		if string(body) != "one" || h.Get("ETag") == "" || h.Get("Last-Modified") != "Wed, 01 Jan 2020 00:00:01 GMT" || h.Get("Cache-Control") != "public, max-age=3600" {
			t.Errorf("%q with %v", body, h)
		}
		s.Remove(t, "/a/b")
		gone, err := http.Get(s.Endpoint + "/a/b")
		if err != nil {
			t.Fatal(err)
		}
		defer gone.Body.Close()
		if gone.StatusCode != http.StatusNotFound {
			t.Error(gone.Status)
		}
	})
	if endpoint != "" { // not skipped
		gone(t, endpoint)
	}
}
