package cachetest

import (
	"net"
	"net/http"
	"time"
)

// Throttle answers as a service that is asked too often: ThrottlingException with
// 400 (AppConfig: 429), DynamoDB's ProvisionedThroughputExceededException, S3's SlowDown with
// 503, STS's Throttling with 400.
func Throttle() Effect {
	return refusal(func(c *call) *apiError {
		switch c.service {
		case "s3":
			return &apiError{status: 503, code: "SlowDown", message: "Please reduce your request rate."}
		case "appconfig":
			return &apiError{status: 429, code: "ThrottlingException", message: "Rate exceeded"}
		case "sts":
			return badRequest("Throttling", "Rate exceeded")
		case "dynamodb":
			return throughputExceeded()
		}
		return badRequest("ThrottlingException", "Rate exceeded")
	})
}

// Denied answers that the caller has not the permission, in IAM's words. It refuses
// whole calls; for one name among several use [AWS.Deny].
func Denied() Effect {
	return refusal(func(c *call) *apiError {
		if len(c.resources) == 0 {
			return denial(c, "")
		}
		return denial(c, c.resources[0])
	})
}

// Error answers with an error of the service: an HTTP status, an error code such as
// "InternalServerError" or "ExpiredTokenException", and a message.
func Error(status int, code, message string) Effect {
	return refusal(func(*call) *apiError { return &apiError{status: status, code: code, message: message} })
}

func refusal(of func(*call) *apiError) Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := callOf(r)
			c.refuse(w, of(c))
		})
	}
}

// Malformed answers 200 with a body that ends in the middle of its JSON.
func Malformed() Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			write(w, http.StatusOK, jsonType, []byte(`{"malformed`))
		})
	}
}

// Delay waits for d, then lets the request go on. The wait ends when the client
// leaves.
func Delay(d time.Duration) Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				abort()
			}
		})
	}
}

// Hang never answers: the request ends when the client leaves or the fake is
// closed. To let it go on later use [AWS.Hold].
func Hang() Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			abort()
		})
	}
}

// DropConnection closes the connection without an answer: the client reads an end of file.
func DropConnection() Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { abort() })
	}
}

// ResetConnection resets the connection without an answer (RST), which is what a request
// meets on a kept connection whose other end has long gone.
func ResetConnection() Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if tcp, ok := underlying(connectionOf(r.Context()).Conn).(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a close is a reset
				_ = tcp.Close()      // below TLS, which would say goodbye
			}
			abort()
		})
	}
}

// underlying is the connection below TLS.
func underlying(conn net.Conn) net.Conn {
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return secured.NetConn()
	}
	return conn
}

// abort ends a request without completing its answer, by closing the connection.
func abort() { panic(http.ErrAbortHandler) }
