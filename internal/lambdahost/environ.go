//go:build linux

package lambdahost

import (
	"maps"
	"os"
	"slices"
	"strconv"
)

// runtimeOnly are the variables Lambda gives to the function but not to its
// external extensions.
var runtimeOnly = []string{
	"_HANDLER",
	"AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_LAMBDA_MAX_CONCURRENCY",
	"LAMBDA_TASK_ROOT",
}

// environ is the whole environment of the function's process: nothing but PATH
// is inherited from the host's own.
func environ(c *Config, runtimeAPI, tmp string) []string {
	env := functionEnv(c, runtimeAPI, tmp)
	return pairs(env)
}

// extensionEnviron is the environment of an external extension's process.
func extensionEnviron(c *Config, runtimeAPI, tmp string) []string {
	env := functionEnv(c, runtimeAPI, tmp)
	for _, name := range runtimeOnly {
		delete(env, name)
	}
	return pairs(env)
}

func functionEnv(c *Config, runtimeAPI, tmp string) map[string]string {
	env := map[string]string{
		"AWS_ACCESS_KEY_ID":               "AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY":           "local-secret-access-key",
		"AWS_SESSION_TOKEN":               "local-session-token",
		"AWS_REGION":                      c.Region,
		"AWS_DEFAULT_REGION":              c.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        c.FunctionName,
		"AWS_LAMBDA_FUNCTION_VERSION":     functionVersion,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(c.MemorySize),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + c.FunctionName,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"LAMBDA_TASK_ROOT":                c.Dir,
		"_HANDLER":                        handlerName,
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"PATH":                            os.Getenv("PATH"),
		"HOME":                            tmp, // never the developer's own ~/.aws
	}
	if c.managed() {
		env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "lambda-managed-instances"
	}
	maps.Copy(env, c.Env)
	env["AWS_LAMBDA_RUNTIME_API"] = runtimeAPI
	env["TMPDIR"] = tmp
	delete(env, "AWS_LAMBDA_MAX_CONCURRENCY")
	if c.managed() {
		env["AWS_LAMBDA_MAX_CONCURRENCY"] = strconv.Itoa(c.MaxConcurrency)
	}
	return env
}

func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}
