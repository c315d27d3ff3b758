import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runUntrusted, type ModuleRequest } from "#agent/sandbox/run.ts";
import { meter } from "#agent/sandbox/wasm/meter.ts";
import { DEEP, ECHO, GROW, SHOUT, SPIN, SUM, moduleOf } from "#agent/sandbox/escapes/modules.ts";

const run = (
  module: Uint8Array,
  argument = 0,
  limits: Parameters<typeof runUntrusted>[1] = {},
  more: Partial<ModuleRequest> = {},
) => runUntrusted({ tier: "T0", module, entry: "main", args: [argument], ...more }, limits);

describe("T0, a metered WebAssembly module", () => {
  it("gives its value and the fuel it took", async () => {
    expect(await run(SUM, 100)).toMatchObject({ kind: "ok", value: "5050" });
  });

  it("takes the same fuel for the same input, and more for more rounds", async () => {
    const fuels = [];
    for (const rounds of [10, 10, 20, 30]) {
      const outcome = await run(SUM, rounds);
      fuels.push(outcome.kind === "ok" ? outcome.fuel! : -1n);
    }
    const [first, again, second, third] = fuels;
    expect(again).toBe(first);
    expect(first).toBeGreaterThan(10n * 10n);
    expect(third! - second!).toBe(second! - first!);
  });

  it("stops exactly where the fuel ends", async () => {
    const whole = await run(SUM, 50);
    const fuel = whole.kind === "ok" ? whole.fuel! : 0n;
    expect(await run(SUM, 50, { fuel })).toMatchObject({ kind: "ok", fuel });
    expect(await run(SUM, 50, { fuel: fuel - 1n })).toMatchObject({ why: "FUEL" });
  });

  it("ends an endless loop by its fuel, or by its time", async () => {
    expect(await run(SPIN, 0, { fuel: 100_000n })).toMatchObject({ kind: "stopped", why: "FUEL" });
    const slow = await run(SPIN, 0, { fuel: 1n << 62n, timeMs: 100 });
    expect(slow).toMatchObject({ kind: "stopped", why: "TIME" });
  });

  it("pays for each call of an endless recursion", async () => {
    expect(await run(DEEP, 0, { fuel: 1_000n })).toMatchObject({ why: "FUEL" });
    expect(await run(DEEP)).toMatchObject({ kind: "stopped", why: "STACK" });
  });

  it("never gets more memory than its cap", async () => {
    expect(await run(GROW, 0, { memoryBytes: 1 << 20 })).toMatchObject({ value: "-1" });
    expect(await run(GROW, 0, { memoryBytes: 1 << 30 })).toMatchObject({ value: "1" });
    const greedy = moduleOf({ memory: [0, 0x90, 0xce, 0], code: [0x41, 0] });
    expect(await run(greedy)).toMatchObject({ kind: "stopped", why: "MEMORY" });
  });

  it("reads its input and prints, both no further than its memory and the limit", async () => {
    const input = Buffer.from("hello");
    expect(await run(ECHO, 100, {}, { input })).toMatchObject({ kind: "ok", stdout: "hello" });
    expect(await run(ECHO, 70_000, {}, { input })).toMatchObject({ kind: "failed" });
    expect(await run(SHOUT)).toMatchObject({ kind: "stopped", why: "OUTPUT" });
  });

  it("tells a trap as a failure of its own", async () => {
    const outcome = await run(moduleOf({ code: [0x00, 0x41, 0] }));
    expect(outcome).toMatchObject({ kind: "failed" });
  });
});

describe("a module that is refused", () => {
  const FUEL_INDEX = 1;
  const oneGlobal = [1, 0x7e, 1, 0x42, 0, 0x0b];
  it.each([
    ["with a start function", moduleOf({ code: [0x41, 0], extra: { 8: [0] } }), /start function/],
    [
      "that imports",
      moduleOf({ code: [0x41, 0], imports: [["env", "exit"]] }),
      /imports "env.exit"/,
    ],
    [
      "that writes the fuel",
      moduleOf({ globals: oneGlobal, code: [0x42, 0, 0x24, FUEL_INDEX, 0x41, 0] }),
      /a global that it does not have/,
    ],
    [
      "that exports the fuel",
      moduleOf({ globals: oneGlobal, code: [0x41, 0], exports: [["f", 3, FUEL_INDEX]] }),
      /a global that it does not have/,
    ],
    [
      "that exports its name",
      moduleOf({ globals: oneGlobal, code: [0x41, 0], exports: [["canswarm fuel", 3, 0]] }),
      /the name of the fuel/,
    ],
    ["with shared memory", moduleOf({ memory: [3, 1, 1], code: [0x41, 0] }), /memory of a kind/],
    ["with bulk memory", moduleOf({ code: [0x41, 0, 0xfc, 11, 0] }), /0xfc/],
    ["with vectors", moduleOf({ code: [0x41, 0, 0xfd, 0] }), /0xfd/],
    [
      "with an unknown section",
      moduleOf({ code: [0x41, 0], extra: { 13: [0] } }),
      /unknown kind 13/,
    ],
    ["that is not valid", moduleOf({ code: [] }), /no valid module/],
    ["that is no module", Buffer.from("hello"), /no module/],
    ["that is cut", SUM.subarray(0, SUM.length - 3), /ends in the middle/],
  ])("%s", async (_, module, why) => {
    const outcome = await run(module);
    expect(outcome).toMatchObject({ kind: "stopped", why: "REFUSED" });
    expect(outcome.kind === "stopped" ? outcome.detail : "").toMatch(why);
  });

  it("whatever its bytes are, is refused by a value or metered", () => {
    const damaged = fc
      .tuple(fc.constantFrom(SUM, SHOUT, GROW, ECHO), fc.array(fc.tuple(fc.nat(200), fc.nat(255))))
      .map(([module, changes]) => {
        const bytes = module.slice();
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(damaged, (bytes) => {
        const { kind } = meter(bytes, { fuel: 1n, memoryBytes: 1 << 20 });
        expect(["ok", "refused"]).toContain(kind);
      }),
    );
  });
});
