package cachetest_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lambda-cache/lambdacache/cachetest"
)

func ExampleStartAWS() {
	fake, err := cachetest.StartAWS() // in a test: cachetest.NewAWS(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	fake.SSM.Put("/app/key", "v1")
	fmt.Println(read1(fake, "/app/key"))

	fake.Deny("ssm:GetParameter", "/app/key")
	_, err = read1(fake, "/app/key")
	fmt.Println("denied:", err != nil)
	fmt.Println(fake.CallsFor("GetParameter", "/app/key"), "calls")
	// Output:
	// v1 <nil>
	// denied: true
	// 2 calls
}

func ExampleAWS_Hold() {
	fake, err := cachetest.StartAWS()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fake.Close()
	fake.SSM.Put("/app/key", "v1")

	gate := fake.Hold("GetParameter")
	done := make(chan struct{})
	go func() {
		defer close(done)
		fmt.Println(read1(fake, "/app/key"))
	}()
	gate.Wait(1) // the request is at the service
	fake.SSM.Put("/app/key", "v2")
	gate.Release()
	<-done
	// Output: v2 <nil>
}

// read1 stands for the code under test.
func read1(fake *cachetest.AWS, name string) (string, error) {
	client := ssm.New(ssm.Options{
		Region:       cachetest.Region,
		BaseEndpoint: aws.String(fake.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", "test"),
	})
	out, err := client.GetParameter(context.Background(), &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return "", err
	}
	return *out.Parameter.Value, nil
}
