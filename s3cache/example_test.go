package s3cache_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
	"github.com/lambda-cache/lambdacache/s3cache"
)

// fakeAWS stands in for AWS in the examples, and a folder of theirs for /tmp.
func fakeAWS() (fake *cachetest.AWS, stop func()) {
	fake, err := cachetest.StartAWS()
	if err != nil {
		panic(err)
	}
	tmp, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	before := map[string]string{}
	for _, kv := range append(fake.Env(), "TMPDIR="+tmp) {
		name, value, _ := strings.Cut(kv, "=")
		before[name] = os.Getenv(name)
		os.Setenv(name, value)
	}
	testhook.Reset()
	return fake, func() {
		testhook.Reset()
		fake.Close()
		os.RemoveAll(tmp)
		for name, value := range before {
			os.Setenv(name, value)
		}
	}
}

func Example() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("config", "rules.json", []byte(`{"Limit":3}`))
	fake.S3.Put("models", "fraud.bin", []byte("weights"))

	type Rules struct{ Limit int }
	rules := s3cache.Object[Rules]("s3://config/rules.json")
	model := s3cache.File("s3://models/fraud.bin", lambdacache.MaxAge(time.Hour))

	handler := lambdacache.Wrap(func(ctx context.Context, event string) (string, error) {
		weights, err := os.ReadFile(model.Value(ctx).Path())
		return fmt.Sprintf("%s: limit %d, %s", event, rules.Value(ctx).Limit, weights), err
	}, rules, model)

	for _, event := range []string{"first", "second"} {
		answer, err := handler(context.Background(), event)
		fmt.Println(answer, err)
	}
	fmt.Println(fake.Calls("GetObject"), "calls")
	// Output:
	// first: limit 3, weights <nil>
	// second: limit 3, weights <nil>
	// 2 calls
}

func ExampleObject() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("config", "rules.json", []byte(`{"Limit":3,"Names":["a","b"]}`))

	type Rules struct {
		Limit int
		Names []string
	}
	rules := s3cache.Object[Rules]("s3://config/rules.json")

	r, err := rules.Get(context.Background())
	fmt.Println(r.Limit, r.Names, err)
	// Output: 3 [a b] <nil>
}

func ExampleObjectFunc() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("config", "hosts.csv", []byte("a,10.0.0.1\nb,10.0.0.2\n"))

	hosts := s3cache.ObjectFunc("s3://config/hosts.csv", func(body []byte) ([][]string, error) {
		return csv.NewReader(bytes.NewReader(body)).ReadAll()
	})

	h, err := hosts.Get(context.Background())
	fmt.Println(h, err)
	// Output: [[a 10.0.0.1] [b 10.0.0.2]] <nil>
}

func ExampleFile() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("models", "fraud.bin", []byte("weights"))

	model := s3cache.File("s3://models/fraud.bin", lambdacache.MaxAge(time.Hour))

	handler := lambdacache.Wrap(func(ctx context.Context, _ struct{}) (string, error) {
		file := model.Value(ctx) // this invocation's version, until it ends
		content, err := os.ReadFile(file.Path())
		return fmt.Sprintf("%s, %d bytes", content, file.Size()), err
	}, model)
	fmt.Println(handler(context.Background(), struct{}{}))
	// Output: weights, 7 bytes <nil>
}

func ExampleVersionID() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Versioning("models", true)
	released := fake.S3.Put("models", "fraud.bin", []byte("release 1")).VersionID
	fake.S3.Put("models", "fraud.bin", []byte("release 2"))

	model := s3cache.Object[string]("s3://models/fraud.bin",
		s3cache.VersionID(released), lambdacache.MaxAge(lambdacache.Forever))

	fmt.Println(model.Get(context.Background()))
	// Output: release 1 <nil>
}

func ExampleStreams() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("models", "fraud.bin", make([]byte, 20<<20))

	model := s3cache.File("s3://models/fraud.bin", s3cache.Streams(16)) // of a function with much memory

	file, err := model.Get(context.Background())
	fmt.Println(file.Size(), err)
	// Output: 20971520 <nil>
}

func ExampleRegion() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("models-in-ireland", "fraud.bin", []byte("weights"))

	model := s3cache.Object[string]("s3://models-in-ireland/fraud.bin", s3cache.Region("eu-west-1"))

	fmt.Println(model.Get(context.Background()))
	fmt.Println(fake.Requests()[0].Region)
	// Output:
	// weights <nil>
	// eu-west-1
}

func ExampleConfig() {
	fake, stop := fakeAWS()
	defer stop()
	fake.STS.PutRole("arn:aws:iam::222222222222:role/reader", "")
	fake.S3.Put("models", "fraud.bin", []byte("weights"))

	reader := assumerole.Role("arn:aws:iam::222222222222:role/reader")
	model := s3cache.Object[string]("s3://models/fraud.bin", s3cache.Config(reader))

	fmt.Println(model.Get(context.Background()))
	fmt.Println(fake.Requests()[1].Operation, "as", fake.Requests()[1].Role)
	// Output:
	// weights <nil>
	// GetObject as arn:aws:iam::222222222222:role/reader
}

func ExampleFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("rules", "acme.json", []byte(`{"Limit":3}`))

	type Rules struct{ Limit int }
	rules := s3cache.Family[Rules](func(tenant string) string { return "s3://rules/" + tenant + ".json" })
	r, err := rules.Get(context.Background(), "acme")
	fmt.Println(r.Limit, err)
	// Output: 3 <nil>
}

func ExampleFileFamily() {
	fake, stop := fakeAWS()
	defer stop()
	fake.S3.Put("models", "acme.bin", []byte("weights"))

	models := s3cache.FileFamily(func(tenant string) string { return "s3://models/" + tenant + ".bin" }, lambdacache.MaxEntries(10))
	model, err := models.Get(context.Background(), "acme")
	if err != nil {
		panic(err)
	}
	data, err := os.ReadFile(model.Path())
	fmt.Println(string(data), err)
	// Output: weights <nil>
}
