// Powertools for AWS Lambda, parameters. Names are batched by ten; secrets are asked
// for one by one, here side by side.
import { clearCaches } from "@aws-lambda-powertools/parameters";
import { getParameter, getParametersByName } from "@aws-lambda-powertools/parameters/ssm";
import { getSecret } from "@aws-lambda-powertools/parameters/secrets";
import { isSecret, parameters, refreshing, repeat, stampede, workloads } from "./measures.mjs";

const maxAge = 3600;

const byName = async (names, options) => {
  const out = await getParametersByName(Object.fromEntries(names.map((name) => [name, {}])), { decrypt: true, ...options });
  return out;
};

const all = async (keys) => {
  const names = keys.filter((key) => !isSecret(key));
  const ids = keys.filter(isSecret);
  const [params, ...values] = await Promise.all([
    names.length ? byName(names, { maxAge }) : {},
    ...ids.map((id) => getSecret(id, { maxAge })),
  ]);
  return { ...params, ...Object.fromEntries(ids.map((id, i) => [id, values[i]])) };
};

const one = () => getParameter(parameters[0], { maxAge, decrypt: true });

// invocation is a handler that begins by asking for what it needs.
const invocation = (count) => async () => {
  const names = parameters.slice(0, count);
  const handler = count === 1 ? async () => await one() : async () => (await byName(names, { maxAge }))[names.at(-1)];
  await handler({}, {});
  return repeat(async (n) => {
    let got;
    for (let i = 0; i < n; i++) got = await handler({}, {});
    return got;
  });
};

const setups = {
  hit: async () => {
    await one();
    return repeat(async (n) => {
      let got;
      for (let i = 0; i < n; i++) got = await one();
      return got;
    });
  },
  "invoke-1": invocation(1),
  "invoke-30": invocation(30),
  stampede: async () => stampede(clearCaches, one),
};
for (const [measure, keys] of Object.entries(workloads)) {
  setups[measure] = async () => refreshing(keys, clearCaches, () => all(keys));
}
export default setups;
