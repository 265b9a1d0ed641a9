module github.com/lambda-cache/lambdacache/e2e

go 1.26

replace github.com/lambda-cache/lambdacache => ..

require (
	github.com/aws/aws-lambda-go v1.55.1
	github.com/aws/aws-sdk-go-v2 v1.47.7
)

require github.com/aws/smithy-go v1.28.8 // indirect
