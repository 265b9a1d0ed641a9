// middy: a middleware around the handler that fetches before it runs.
import middy from "@middy/core";
import ssm from "@middy/ssm";
import secretsManager from "@middy/secrets-manager";
import { isSecret, parameters, refreshing, repeat, workloads } from "./measures.mjs";

// field is where the handler finds a key in its context.
const field = (key) => key.split("/").at(-1);

// wrapped is a handler with a middleware for each service that the keys need.
const wrapped = (keys, cacheExpiry, handler) => {
  const fetchData = (list) => Object.fromEntries(list.map((key) => [field(key), key]));
  const names = keys.filter((key) => !isSecret(key));
  const ids = keys.filter(isSecret);
  const options = { cacheExpiry, setToContext: true, disablePrefetch: true };
  const m = middy();
  if (names.length) m.use(ssm({ ...options, fetchData: fetchData(names) }));
  if (ids.length) m.use(secretsManager({ ...options, fetchData: fetchData(ids) }));
  return m.handler(handler);
};

const context = () => ({ getRemainingTimeInMillis: () => 3000 });

const invocation = (count) => async () => {
  const keys = parameters.slice(0, count);
  const handler = wrapped(keys, 3600_000, async (_, ctx) => ctx[field(keys.at(-1))]);
  await handler({}, context());
  return repeat(async (n) => {
    let got;
    for (let i = 0; i < n; i++) got = await handler({}, context());
    return got;
  });
};

const setups = { "invoke-1": invocation(1), "invoke-30": invocation(30) };
for (const [measure, keys] of Object.entries(workloads)) {
  setups[measure] = async () => {
    const handler = wrapped(keys, 0, async (_, ctx) => Object.fromEntries(keys.map((key) => [key, ctx[field(key)]])));
    return refreshing(keys, () => {}, () => handler({}, context()));
  };
}
export default setups;
