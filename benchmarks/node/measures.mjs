// What the libraries for Node.js have in common: names, times and checks.
const numbered = (prefix, n) => Array.from({ length: n }, (_, i) => prefix + String(i).padStart(2, "0"));

export const parameters = numbered("/app/p", 30);
export const secrets = numbered("prod/s", 20);
export const workloads = {
  "refresh-30-parameters": parameters,
  "refresh-20-secrets": secrets,
  "refresh-20-and-10": [...parameters.slice(0, 20), ...secrets.slice(0, 10)],
};
export const isSecret = (key) => !key.startsWith("/");

export const check = (got, want) => {
  if (got !== want) throw new Error(`read ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
};

const checkAll = (got, keys, want) => {
  if (Object.keys(got).length !== keys.length) throw new Error(`${Object.keys(got).length} values, want ${keys.length}`);
  for (const key of keys) check(got[key], want);
};

// repeat times n operations, which read does in a loop of its own.
export const repeat = (read) => async ({ n, want }) => {
  const start = process.hrtime.bigint();
  const got = await read(n);
  const took = Number(process.hrtime.bigint() - start);
  check(got, want);
  return took;
};

// refreshing times one load of everything; forget makes it due, outside of the time.
export const refreshing = (keys, forget, load) => async ({ n, want }) => {
  let took = 0;
  for (let i = 0; i < n; i++) {
    forget();
    const start = process.hrtime.bigint();
    const got = await load();
    took += Number(process.hrtime.bigint() - start);
    checkAll(got, keys, want);
  }
  return took;
};

// stampede times many readers of one due key.
export const stampede = (forget, read) => async ({ n, want, readers }) => {
  let took = 0;
  for (let i = 0; i < n; i++) {
    forget();
    const start = process.hrtime.bigint();
    const got = await Promise.all(Array.from({ length: readers }, read));
    took += Number(process.hrtime.bigint() - start);
    for (const g of got) check(g, want);
  }
  return took;
};
