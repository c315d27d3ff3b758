/** What an application has to say of an envelope is logged with it, or in its stead. */

import { expect, it } from "vitest";
import { Rig } from "../toy/rig.ts";

it("stands behind what was let in and in the stead of what was refused, and replays", async () => {
  const rig = await Rig.open([1]);
  await rig.say(1, "ADD", { by: 1, beside: "this" });
  expect(await rig.say(1, "ADD", { by: 1, refuse: true, beside: "that" })).toMatchObject({
    kind: "nack",
    code: "STATE",
  });
  const story = ["EPOCH", "envelope", "COUNTED", "SAY", "SAID", "SAY", "SAID"];
  expect(await rig.story(1)).toEqual(story);
  const next = await Rig.open([1], { disk: rig.disk });
  expect(await next.story(1)).toEqual([...story, "EPOCH"]);
});

it("is said once of an envelope that comes again, let in or refused for good", async () => {
  const rig = await Rig.open([1]);
  for (const body of [
    { by: 1, beside: "this" },
    { by: 1, refuse: true, beside: "that" },
  ]) {
    const nonce = body.refuse === true ? 2 : 1;
    await rig.say(1, "ADD", body, { nonce });
    await rig.say(1, "ADD", body, { nonce });
  }
  expect((await rig.story(1)).filter((verb) => verb === "SAY")).toHaveLength(2);
});
