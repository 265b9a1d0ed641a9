// One call of AWS's own client for JavaScript, for a Go test.
//
//   node client.js start APPLICATION ENVIRONMENT PROFILE SECONDS
//   node client.js get TOKEN
//
// It writes one line of JSON: what the client gives, or {"error": its name, "problem":
// of the token, "resource": type}. Endpoint and credentials are the environment's.
'use strict';

const {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} = require('@aws-sdk/client-appconfigdata');

const [operation, ...args] = process.argv.slice(2);

async function call(client) {
  if (operation === 'start') {
    const [application, environment, profile, seconds] = args;
    const out = await client.send(new StartConfigurationSessionCommand({
      ApplicationIdentifier: application,
      EnvironmentIdentifier: environment,
      ConfigurationProfileIdentifier: profile,
      RequiredMinimumPollIntervalInSeconds: Number(seconds),
    }));
    return { next: out.InitialConfigurationToken };
  }
  const out = await client.send(new GetLatestConfigurationCommand({ ConfigurationToken: args[0] }));
  return {
    body: out.Configuration?.transformToString() ?? '', // undefined if there is none
    label: out.VersionLabel ?? '',
    contentType: out.ContentType,
    next: out.NextPollConfigurationToken,
    interval: out.NextPollIntervalInSeconds,
  };
}

call(new AppConfigDataClient({ maxAttempts: 1 })).catch((e) => ({
  error: e.name,
  problem: e.Details?.InvalidParameters?.ConfigurationToken?.Problem ?? '',
  resource: e.ResourceType ?? '',
})).then((answer) => console.log(JSON.stringify(answer)));
