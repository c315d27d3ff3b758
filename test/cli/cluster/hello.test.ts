import { expect, it } from "vitest";
import { buildText, differenceOf, HELLO, type Hello } from "#cli/cluster/hello.ts";

const OTHER: Hello = { ...HELLO, version: "canswarm 9.9.9 of tomorrow" };

it("another version with the same machines and the same words is no difference", () => {
  expect(differenceOf(HELLO, buildText(HELLO))).toBeUndefined();
  expect(differenceOf(HELLO, buildText(OTHER))).toBeUndefined();
});

it.each([
  ["another bus", buildText({ ...OTHER, bus: HELLO.bus + 1 }), OTHER.version, /over NATS/],
  ["other machines", buildText({ ...OTHER, machines: "others" }), OTHER.version, /other logs/],
  ["nothing", "", "an older canswarm", /does not say/],
  ["something else", "bus=x machines= ", "an older canswarm", /does not say/],
] as const)("%s is told, and whose it is", (_, text, theirs, what) => {
  expect(differenceOf(HELLO, text)).toEqual({ theirs, what: expect.stringMatching(what) });
});
