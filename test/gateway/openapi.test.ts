import { afterAll, beforeAll, expect, it } from "vitest";
import { ROUTES } from "#gateway/server.ts";
import { gatewayRig, type Rig } from "../support/gateway.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await gatewayRig();
});
afterAll(() => rig.stop());

interface Operation {
  readonly summary: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly requestBody?: object;
}

it("OpenAPI describes every path that is served, and only those", async () => {
  const answer = await fetch(`${rig.url}/openapi.json`);
  const api = (await answer.json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };
  expect(api.openapi).toBe("3.1.0");
  const told = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(told.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  for (const methods of Object.values(api.paths))
    for (const operation of Object.values(methods)) {
      expect(operation.summary).not.toBe("");
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
    }
  const post = api.paths["/v1/needs"]?.["post"];
  expect(post?.security).toEqual([{ token: [] }]);
  expect(JSON.stringify(post?.requestBody)).toContain("verifyBounty");
});

it("health is told always, readiness once the registry is published", async () => {
  const status = async (path: string): Promise<number> => (await fetch(`${rig.url}${path}`)).status;
  expect(await status("/healthz")).toBe(200);
  expect(await status("/readyz")).toBe(503);
  rig.answers.set("registered", 1);
  expect(await status("/readyz")).toBe(200);
});

it("metrics count what was answered", async () => {
  await fetch(`${rig.url}/v1/needs/nonsense`);
  const text = await (await fetch(`${rig.url}/metrics`)).text();
  expect(text).toMatch(
    /canswarm_http_requests_total\{method="GET",path="\/v1\/needs\/\{id\}",status="404"\} 1/,
  );
  expect(text).toContain("canswarm_needs_open 0");
  expect(text).toContain('canswarm_hosts{what="rejected"} 7');
  expect(text).toContain('canswarm_hosts{what="unconfirmed"} 5');
});
