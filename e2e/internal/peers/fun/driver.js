// Runs one Lambda function under @vercel/fun for a Go test.
//
// The first line of standard input configures it:
//   {"dir": folder with ./bootstrap, "env": {…}, "timeoutMs": n}
// Each further line is a command; each is answered with one line on descriptor 3,
// in the order in which they finish:
//   {"id": n, "invoke": "payload"}  ->  {"id": n, "payload": "…", "functionError": "…"}
//   {"id": n, "environments": true} ->  {"id": n, "environments": [{"pid": n, "ended": false}]}
// or {"id": n, "error": "…"}. Standard output and error belong to the function.
// The end of standard input ends the driver and every environment.
'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const readline = require('node:readline');
const { createFunction, providers } = require('@vercel/fun');

let fn;
let timeoutMs;
const environments = []; // every child process, in the order of their start

const answer = (line) => fs.writeSync(3, JSON.stringify(line) + '\n');

// fun announces a constant deadline in 1970; Lambda announces now plus the timeout.
const { setHeader } = http.ServerResponse.prototype;
http.ServerResponse.prototype.setHeader = function (name, value) {
  if (name.toLowerCase() === 'lambda-runtime-deadline-ms') value = String(Date.now() + timeoutMs);
  return setHeader.call(this, name, value);
};

// fun does not say which processes it started.
const { createProcess } = providers.native.prototype;
providers.native.prototype.createProcess = async function () {
  const child = await createProcess.call(this);
  environments.push(child);
  return child;
};

// A stopped process ends by SIGKILL only. fun's own way needs ps, which is not
// everywhere, and hangs after a crash.
providers.native.prototype.destroyProcess = kill;

const ended = (child) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function kill(child) {
  if (ended(child)) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function end() {
  await Promise.all(environments.map(kill));
  process.exit(0);
}

async function configure({ dir, env, timeoutMs: timeout }) {
  timeoutMs = timeout;
  fn = await createFunction({
    Code: { Directory: dir },
    Handler: 'bootstrap',
    Runtime: 'provided',
    Region: 'us-east-1',
    AccessKeyId: 'test',
    SecretAccessKey: 'test',
    Environment: { Variables: env },
  });
}

async function run(command) {
  if (command.environments) {
    return {
      environments: environments.map((child) => ({ pid: child.pid, ended: ended(child) })),
    };
  }
  const result = await fn.invoke({ InvocationType: 'RequestResponse', Payload: command.invoke });
  return { payload: String(result.Payload), functionError: result.FunctionError || '' };
}

async function handle(line) {
  const command = JSON.parse(line);
  try {
    answer({ id: command.id, ...(await run(command)) });
  } catch (err) {
    answer({ id: command.id, error: String(err && err.message) });
  }
}

let ready; // commands wait for the configuration
const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (ready === undefined) ready = configure(JSON.parse(line));
  else ready.then(() => handle(line));
});
lines.on('close', end);
