import { expect, it } from "vitest";
import { buildText, differenceOf, OWN_BUILD, type Build } from "#cli/cluster/build.ts";

const OTHER: Build = { ...OWN_BUILD, version: "canswarm 9.9.9 of tomorrow" };

it("another version with the same machines and the same words is no difference", () => {
  expect(differenceOf(OWN_BUILD, buildText(OWN_BUILD))).toBeUndefined();
  expect(differenceOf(OWN_BUILD, buildText(OTHER))).toBeUndefined();
});

it.each([
  ["another bus", buildText({ ...OTHER, bus: OWN_BUILD.bus + 1 }), OTHER.version, /over NATS/],
  ["other machines", buildText({ ...OTHER, machines: "others" }), OTHER.version, /other logs/],
  ["nothing", "", "an older canswarm", /does not say/],
  ["something else", "bus=x machines= ", "an older canswarm", /does not say/],
] as const)("%s is told, and whose it is", (_, text, theirs, what) => {
  expect(differenceOf(OWN_BUILD, text)).toEqual({ theirs, what: expect.stringMatching(what) });
});
