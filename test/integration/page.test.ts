/** The page that `up` serves, in a real browser: what a person sees of a swarm at work. */

import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createRequester } from "#agent/index.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { Browser, type Page } from "../support/browser.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { gatewayRig, signerOf } from "../support/gateway.ts";
import { until } from "./command.ts";
import { Market } from "./market-process.ts";

const AGENTS = fileURLToPath(new URL("../../examples/exec/agents.json", import.meta.url));
/** The first time a browser may have to be fetched. */
const BRING_MS_MAX = 150_000;
const POLICY = /Content Security Policy directive/;
const PHONE = 390;
const DESK = 1_200;

let market: Market;
let proxy: FaultProxy | undefined;
let browser: Browser;
let page: Page;
beforeAll(() => {
  browser = new Browser();
}, BRING_MS_MAX);
beforeEach(async () => {
  market = new Market();
  page = await browser.page();
});
afterEach(async () => {
  market.close();
  await proxy?.close();
  proxy = undefined;
});
afterAll(() => browser.close());

const words = (selector: string): Promise<string> =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`);
const isLive = `document.querySelector("#link").textContent === "live"`;
const hasRow = (...cells: readonly string[]): string =>
  `[...document.querySelectorAll("#needs tr")].some(({ innerText }) =>
    ${JSON.stringify(cells)}.every((cell) => innerText.includes(cell)))`;
/** Everything that shows is inside the screen, and can be told from what lies behind it. */
const LOOKS = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const shown = [...document.querySelectorAll(".tile, .frame, h1, h2, #link")];
  const outside = shown.filter((one) => {
    const { left, right, width, height } = one.getBoundingClientRect();
    return left < 0 || right > innerWidth || width === 0 || height === 0;
  });
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (one) => {
    for (let at = one; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (backgroundColor !== "rgba(0, 0, 0, 0)") return light(backgroundColor);
    }
    return 1;
  };
  const faint = [...document.querySelectorAll("h1, h2, th, td span, .tile *, #link")].filter((one) => {
    const [dark, bright] = [light(getComputedStyle(one).color), groundOf(one)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05) < 4.5;
  });
  return {
    isWider: scrollWidth > clientWidth,
    outside: outside.map(({ outerHTML }) => outerHTML.slice(0, 80)),
    faint: faint.map(({ outerHTML }) => outerHTML.slice(0, 80)),
    ground: getComputedStyle(document.body).backgroundColor,
  };
})()`;

interface Looks {
  readonly isWider: boolean;
  readonly outside: readonly string[];
  readonly faint: readonly string[];
  readonly ground: string;
}

test(
  "a need is seen to end without a reload, on a desk and a phone, light and dark, and after a cut",
  { timeout: 60_000 },
  async () => {
    await market.up("--agents", AGENTS);
    proxy = await FaultProxy.to(Number(new URL(market.url).port));
    await page.seenOn(DESK, "light");
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
    await page.until(isLive);
    await page.until(`document.querySelectorAll("#agents tr").length === 4`);
    expect(await words("#needs")).toContain("No need was posted yet");
    const requester = createRequester({ url: market.url, token: market.token });
    const need = { bounty: "1", verifyBounty: "0.1" };
    const input = { numbers: "3 4" };
    await requester.run({ ...need, key: "sum", capability: "sum", input });
    await page.until(hasRow("sum", "finalized", "adder"));
    expect(await words("#tiles")).toMatch(/finalized\s+1\s[\s\S]*credits\s+conserved/);
    expect(await words("#agents")).toMatch(/adder\s+worker\s+sum\s+hired\s+1\s+1\s+0\.8/);
    const grounds = new Set<string>();
    for (const width of [DESK, PHONE])
      for (const scheme of ["light", "dark"] as const) {
        await page.seenOn(width, scheme);
        const { ground, ...looks } = await page.evaluate<Looks>(LOOKS);
        expect([width, scheme, looks]).toEqual([
          width,
          scheme,
          { isWider: false, outside: [], faint: [] },
        ]);
        grounds.add(ground);
      }
    expect(grounds.size).toBe(2);
    expect(page.problems).toEqual([]);
    proxy.cut();
    await page.until(`document.querySelector("#link").textContent.startsWith("cut off")`);
    proxy.mend();
    await page.until(isLive);
  },
);

test("what a stranger is called is shown as it is written: nothing of it is run or loaded", async () => {
  const rig = await gatewayRig();
  const name = `<img src=x onerror="document.title=1"><script>document.title=2</script>\u202e<h1>`;
  const row: AgentRow = {
    did: signerOf("stranger").did,
    name,
    roles: ["worker"],
    capabilities: ["<b>c</b>"],
    stake: 0n,
    reputation: {},
    lastActiveMs: 0,
  };
  rig.answers.set("agents", [row]);
  await page.goto(`${rig.url}/`);
  await page.until(`document.querySelector("#agents td span")?.textContent.startsWith("<img")`);
  const shown = `(() => {
    const { title, images, scripts } = document;
    const first = document.querySelector("#agents td");
    return [title, images.length, scripts.length, first.textContent, first.title];
  })()`;
  expect(await page.evaluate(shown)).toEqual(["canswarm", 0, 1, name, name]);
  // Were it markup after all, the policy would not let it run.
  await page.evaluate(`document.body.insertAdjacentHTML("beforeend", ${JSON.stringify(name)})`);
  await until("it is forbidden", () => page.problems.some((text) => POLICY.test(text)));
  expect(await page.evaluate("document.title")).toBe("canswarm");
  await rig.stop();
});
