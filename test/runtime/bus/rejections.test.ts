import { describe, expect, it } from "vitest";
import { decode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { encodeToAgent } from "#ports/bus-messages.ts";
import {
  Rejections,
  REJECTIONS_PER_S_MAX,
  SENDER_REJECTIONS_PER_S_MAX,
} from "#runtime/bus/rejections.ts";
import { sender, signerOf, spoken } from "../toy/rig.ts";

const FULL = "MAILBOX_FULL";
const { id, wire } = spoken("ADD", { by: 1 }, 1, "bucket:1");

describe("what is rejected of the bus", () => {
  it("is answered to whom it names as its sender, with the CID of the very bytes", () => {
    const { to, bytes } = new Rejections(() => 0).answer(wire, FULL, "too much waits")!;
    expect(to).toBe(sender.did);
    expect(decode(bytes)).toEqual({
      wire: cidOf(wire),
      envelope: id,
      code: FULL,
      detail: "too much waits",
    });
  });

  it.each([
    ["bytes that are no envelope", Uint8Array.of(1, 2, 3)],
    ["a sender that is no did", spoiltSender()],
  ])("is not answered where there is %s", (_, bytes) => {
    expect(new Rejections(() => 0).answer(bytes, FULL, "")).toBeUndefined();
  });

  it("is never answered with more than it was: the detail goes, or all", () => {
    const rejections = new Rejections(() => 0);
    const { bytes } = rejections.answer(wire, FULL, "x".repeat(wire.length))!;
    expect(decode(bytes)).toMatchObject({ code: FULL, detail: "" });
    expect(encodeToAgent({ type: "rejected", items: [bytes] }).length).toBeLessThanOrEqual(
      wire.length,
    );
    // Cut off behind its sender: it names one, and is shorter than any answer.
    expect(rejections.answer(wire.subarray(0, 130), FULL, "")).toBeUndefined();
  });

  it("is answered so often in a second to one name, so often to all, and anew in the next one", () => {
    let nowMs = 0;
    const rejections = new Rejections(() => nowMs);
    const told = (bytes: Uint8Array): number =>
      Array.from({ length: REJECTIONS_PER_S_MAX }).filter(
        () => rejections.answer(bytes, FULL, "") !== undefined,
      ).length;
    const all = (): number[] =>
      Array.from({ length: 12 }, (_, n) =>
        told(spoken("ADD", { by: 1 }, 1, "bucket:1", { from: signerOf(`agent ${n}`).did }).wire),
      );
    const each = [...Array<number>(8).fill(SENDER_REJECTIONS_PER_S_MAX), 0, 0, 0, 0];
    expect(all()).toEqual(each);
    nowMs = 999;
    expect(all()).toEqual(Array(12).fill(0));
    nowMs = 1_000;
    expect(all()).toEqual(each);
  });
});

/** The same length, and a letter that base58 has not. */
function spoiltSender(): Uint8Array {
  const spoilt = wire.slice();
  const at = Buffer.from(wire).indexOf("did:key:z6Mk");
  spoilt[at + 20] = "0".charCodeAt(0);
  return spoilt;
}
