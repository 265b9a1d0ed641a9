package e2e

import (
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// There is no server of AppConfig's data plane that others wrote. So clients that others
// wrote meet our fake of it, which the Go SDK meets in package cachetest.

func TestAppConfigOnNodeSDK(t *testing.T) { polls(t, peers.AppConfigOfNode) }

func TestAppConfigOnTheCLI(t *testing.T) { polls(t, peers.AppConfigOfCLI) }

// polls lets a client go through the life of a session.
func polls(t *testing.T, client func(testing.TB, []string) peers.AppConfigClient) {
	aws := cachetest.NewAWS(t)
	clock := cachetest.NewClock(t)
	c := client(t, nil)
	same := func(what string, got, want peers.AppConfigAnswer) {
		t.Helper()
		want.Next = got.Next // which only the service knows
		if !c.Tells {
			want.Problem, want.Resource = "", ""
		}
		if got != want {
			t.Errorf("%s:\n%+v, want\n%+v", what, got, want)
		}
	}
	same("nothing deployed", c.Start(t, "shop", "prod", "flags", 15),
		peers.AppConfigAnswer{Error: "ResourceNotFoundException", Resource: "Configuration"})
	aws.AppConfig.Deploy("shop", "prod", "flags", "größe: 1", cachetest.AppConfigVersion{Label: "one", ContentType: "application/x-yaml"})
	same("an interval too long", c.Start(t, "shop", "prod", "flags", 86401), peers.AppConfigAnswer{Error: "BadRequestException"})
	first := c.Start(t, "shop", "prod", "flags", 15)
	same("a session", first, peers.AppConfigAnswer{})
	a := c.Get(t, first.Next)
	same("the first poll", a, peers.AppConfigAnswer{Body: "größe: 1", Label: "one", ContentType: "application/x-yaml", Interval: 15})
	same("a used token", c.Get(t, first.Next), peers.AppConfigAnswer{Error: "BadRequestException", Problem: "Expired"})
	same("no token", c.Get(t, "none"), peers.AppConfigAnswer{Error: "BadRequestException", Problem: "Corrupted"})
	same("too early", c.Get(t, a.Next), peers.AppConfigAnswer{Error: "BadRequestException", Problem: "PollIntervalNotSatisfied"})

	clock.Advance(15 * time.Second)
	a = c.Get(t, a.Next)
	same("unchanged", a, peers.AppConfigAnswer{ContentType: "application/x-yaml", Interval: 15})
	aws.AppConfig.Put("shop", "prod", "flags", `{}`)
	clock.Advance(15 * time.Second)
	a = c.Get(t, a.Next)
	same("changed", a, peers.AppConfigAnswer{Body: `{}`, ContentType: "application/json", Interval: 15})
	clock.Advance(24 * time.Hour)
	same("a day later", c.Get(t, a.Next), peers.AppConfigAnswer{Error: "BadRequestException", Problem: "Expired"})

	aws.Deny("appconfig:StartConfigurationSession", "shop/prod/flags")
	same("denied", c.Start(t, "shop", "prod", "flags", 15), peers.AppConfigAnswer{Error: "AccessDeniedException"})
	heal := aws.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	same("throttled", c.Start(t, "shop", "prod", "flags", 15), peers.AppConfigAnswer{Error: "ThrottlingException"})
	heal()
}
