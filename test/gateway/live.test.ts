/** The page for people, and the pictures that it is fed with. */

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { eventsOf } from "#agent/http/event-stream.ts";
import { quantilesOf } from "#gateway/live/watch.ts";
import { gatewayRig, signerOf, type Rig } from "../support/gateway.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await gatewayRig();
});
afterAll(() => rig.stop());

const inside = (html: string, tag: string): string =>
  new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)?.[1] ?? "";

describe("GET /", () => {
  it("is one page that may run and load nothing but itself", async () => {
    const answer = await fetch(`${rig.url}/`);
    const html = await answer.text();
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    for (const tag of ["script", "style"]) {
      const hash = createHash("sha256").update(inside(html, tag)).digest("base64");
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
    }
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:,")/);
    expect(html).not.toMatch(/ on\w+=| style=/);
  });

  it("never makes markup, addresses or code of what it is told", async () => {
    const script = inside(await (await fetch(`${rig.url}/`)).text(), "script");
    expect(script).toContain("textContent");
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacent|createContextual/);
    expect(script).not.toMatch(/document\.write|eval|Function|setAttribute|\.href|\.src|\.style/);
  });
});

describe("GET /v1/events", () => {
  it("tells a picture as data, whatever strangers are called", async () => {
    const name = `<img src=x onerror="hacked=1">\u202e</script>`;
    const { did } = signerOf("stranger");
    const row: AgentRow = {
      did,
      name,
      roles: ["worker"],
      capabilities: ["c"],
      stake: 0n,
      reputation: {},
      lastActiveMs: 0,
    };
    rig.answers.set("agents", [row]);
    const stop = new AbortController();
    const answer = await fetch(`${rig.url}/v1/events`, { signal: stop.signal });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    for await (const { event, data } of eventsOf(answer.body!, () => undefined)) {
      expect(event).toBe("swarm");
      const { agents, open, needs } = JSON.parse(data) as Record<string, unknown>;
      expect({ open, needs }).toEqual({ open: 0, needs: [] });
      expect(agents).toMatchObject([{ name, earned: "0", listing: "away", id: did.slice(-8) }]);
      expect(data).not.toContain(did);
      break;
    }
    stop.abort();
    expect(rig.errors).toEqual([]);
  });

  it("ends when the supervisor is drained", async () => {
    const other = await gatewayRig();
    const answer = await fetch(`${other.url}/v1/events`);
    const reader = answer.body!.getReader();
    await reader.read();
    const stopped = other.stop();
    for (let part = await reader.read(); !part.done; part = await reader.read());
    await stopped;
    expect(other.errors).toEqual([]);
  });
});

it("quantiles are by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect(quantilesOf(hundred)).toEqual({ p50: 50, p95: 95, p99: 99 });
  expect(quantilesOf([7])).toEqual({ p50: 7, p95: 7, p99: 7 });
  expect(quantilesOf([])).toEqual({});
});
