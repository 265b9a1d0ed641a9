// A function for Node.js under the Runtime API, for cold starts: node coldstart.mjs
// PEER. Lambda's own runtime for Node.js cannot be had; this loop does the least of it.
import { request } from "node:http";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const req = request({ hostname, port, method, path: `/2018-06-01/runtime/${path}` }, (res) => {
      let text = "";
      res.on("data", (part) => (text += part));
      res.on("end", () => resolve({ id: res.headers["lambda-runtime-aws-request-id"], text }));
    });
    req.on("error", reject);
    req.end(body);
  });

const handlers = {
  powertools: async () => {
    const { getParameter } = await import("@aws-lambda-powertools/parameters/ssm");
    return async () => (await getParameter("/app/key", { maxAge: 60, decrypt: true })).length;
  },
  middy: async () => {
    const middy = (await import("@middy/core")).default;
    const ssm = (await import("@middy/ssm")).default;
    return middy()
      .use(ssm({ fetchData: { key: "/app/key" }, cacheExpiry: 60_000, setToContext: true }))
      .handler(async (_, context) => context.key.length);
  },
};
const handler = await handlers[process.argv[2]]();

for (;;) {
  const event = await call("GET", "invocation/next");
  try {
    const result = await handler(JSON.parse(event.text), {});
    await call("POST", `invocation/${event.id}/response`, JSON.stringify(result));
  } catch (e) {
    await call("POST", `invocation/${event.id}/error`, JSON.stringify({ errorMessage: String(e), errorType: e.name }));
  }
}
