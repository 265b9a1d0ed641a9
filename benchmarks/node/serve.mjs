// A child process of the benchmarks: node serve.mjs PEER MEASURE makes one measure of
// one library ready, says so by a line, and answers each request, a line
// {"n":1000,"want":"v1"}, by a line {"took":nanoseconds} or {"error":"…"}: the
// protocol of internal/peer/serve.go.
import { createInterface } from "node:readline";

const [peer, measure] = process.argv.slice(2);
const say = (reply) => process.stdout.write(JSON.stringify(reply) + "\n");

try {
  const setups = (await import(`./${peer}.mjs`)).default;
  if (!setups[measure]) throw new Error(`${peer} has no measure ${measure}`);
  const op = await setups[measure]();
  say({ took: 0 });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say({ took: await op(JSON.parse(line)) });
    } catch (e) {
      say({ error: String(e.stack) });
    }
  }
} catch (e) {
  say({ error: String(e.stack) });
  process.exitCode = 1;
}
