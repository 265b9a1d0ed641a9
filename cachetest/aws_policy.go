package cachetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// policy is what the caller may not do; everything else is allowed.
type policy struct {
	mu     sync.Mutex
	denied map[string]map[string]bool // IAM action → resources, "" for every one
}

func (p *policy) init() { p.denied = make(map[string]map[string]bool) }

// Deny takes a permission from the caller until [AWS.Allow]: an IAM action, such as
// "ssm:GetParameters", on a resource: a parameter's name, a secret's name, a bucket
// or bucket/key, a configuration's application/environment/profile, a table or the key of
// an item, "tenants?pk=tenant#1"; "/app/*" for all that begin so, "" for every resource. It
// panics if the fake does not know the action.
//
// What a denial does is the service's way: one denied name fails a whole
// GetParameters, and one denied table or key a whole BatchGetItem;
// "ssm:GetParametersByPath" is asked for the path as the request writes it, and for nothing
// below, not even where a parameter is denied by name; one denied
// "secretsmanager:GetSecretValue" is an entry in the
// Errors of a BatchGetSecretValue, whose own permission takes no resource (""). A
// denied "kms:Decrypt" on a parameter or secret fails the reading of its decrypted
// value, and with a denied "s3:ListBucket" on the bucket a missing object answers
// 403 instead of 404.
func (a *AWS) Deny(action, resource string) {
	if !slices.Contains(a.actions(), action) {
		panic(fmt.Sprintf("cachetest: Deny(%q): not an action of the fake, which has %s", action, strings.Join(a.actions(), ", ")))
	}
	a.policy.mu.Lock()
	defer a.policy.mu.Unlock()
	if a.policy.denied[action] == nil {
		a.policy.denied[action] = make(map[string]bool)
	}
	a.policy.denied[action][resource] = true
}

// Allow takes a [AWS.Deny] with the same arguments back; with "" as the resource it
// takes back all that was denied of the action.
func (a *AWS) Allow(action, resource string) {
	a.policy.mu.Lock()
	defer a.policy.mu.Unlock()
	if resource == "" {
		delete(a.policy.denied, action)
		return
	}
	delete(a.policy.denied[action], resource)
}

// denies reports whether action is denied on something that goes by these names.
func (p *policy) denies(action string, names ...string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	resources := p.denied[action]
	if resources[""] {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool {
		if resources[name] {
			return true
		}
		for r := range resources {
			if prefix, ok := strings.CutSuffix(r, "*"); ok && strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	})
}

// check refuses a call whose action is denied on any of its keys.
func (p *policy) check(c *call) *apiError {
	if len(c.keys) == 0 && p.denies(c.action) {
		return denial(c, "")
	}
	for i, key := range c.keys {
		if !p.denies(c.action, key, c.names[i]) {
			continue
		}
		if len(c.resources) == 0 {
			return denial(c, "")
		}
		return denial(c, c.resources[i])
	}
	return nil
}

// denial is the refusal of a call, in the words of IAM.
func denial(c *call, resource string) *apiError {
	if c.service == "s3" && resource != "" {
		resource = `"` + resource + `"`
	}
	return forbidden(c, notAuthorized(c.caller, c.action, resource))
}

// revocation is the refusal of a call with a session that was revoked.
func revocation(c *call) *apiError {
	resource := ""
	if len(c.resources) > 0 {
		resource = c.resources[0]
	}
	return forbidden(c, sentence(c.caller, c.action, resource)+" with an explicit deny in an identity-based policy")
}

// forbidden is the answer of a call's service to what its caller may not do.
func forbidden(c *call, message string) *apiError {
	switch c.service {
	case "sts", "s3":
		return &apiError{status: 403, code: "AccessDenied", message: message}
	case "appconfig":
		return &apiError{status: 403, code: "AccessDeniedException", message: message}
	}
	return badRequest("AccessDeniedException", message)
}

// notAuthorized is IAM's sentence, but of STS, which gives no reason: it does not tell
// whether there is such a role.
func notAuthorized(caller, action, resource string) string {
	if action == "sts:AssumeRole" {
		return sentence(caller, action, resource)
	}
	return sentence(caller, action, resource) + " because no identity-based policy allows the " + action + " action"
}

// sentence names a resource where the action takes one.
func sentence(caller, action, resource string) string {
	if resource != "" {
		resource = " on resource: " + resource
	}
	return "User: " + caller + " is not authorized to perform: " + action + resource
}

// kmsKey is the key that the services say they encrypt with.
const kmsKey = "arn:aws:kms:" + Region + ":" + Account + ":key/00000000-0000-4000-8000-000000000000"

// actions is every IAM action that Deny knows.
func (a *AWS) actions() []string {
	actions := []string{"kms:Decrypt"}
	for op := range maps.Keys(a.SSM.operations) {
		actions = append(actions, "ssm:"+op)
	}
	for op := range maps.Keys(a.Secrets.operations) {
		actions = append(actions, "secretsmanager:"+op)
	}
	for op := range maps.Keys(a.Dynamo.operations) {
		actions = append(actions, "dynamodb:"+op)
	}
	actions = append(actions, s3Actions...)
	for _, op := range appConfigOperations {
		actions = append(actions, "appconfig:"+op)
	}
	actions = append(actions, "sts:AssumeRole")
	slices.Sort(actions)
	return actions
}

// known panics if operation is not one of the fake's: a misspelt name would match
// nothing, and a test of nothing passes.
func (a *AWS) known(operation string) {
	if operation == "" {
		return
	}
	ops := slices.Collect(maps.Keys(a.SSM.operations))
	ops = append(ops, slices.Collect(maps.Keys(a.Secrets.operations))...)
	ops = append(ops, slices.Collect(maps.Keys(a.Dynamo.operations))...)
	ops = append(ops, s3Operations...)
	ops = append(ops, appConfigOperations...)
	ops = append(ops, stsOperations...)
	if !slices.Contains(ops, operation) {
		slices.Sort(ops)
		panic(fmt.Sprintf("cachetest: %q is not an operation of the fake, which has %s", operation, strings.Join(ops, ", ")))
	}
}
