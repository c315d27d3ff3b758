/**
 * Which inputs a turn lets in, on the bucket's state at that moment. Refused envelopes are answered and
 * not logged: being in the log is the verdict, and replay does not judge again. Of an equivocation the
 * pair is logged in the envelope's stead; of some envelopes the application logs what became of them.
 */

import { mark } from "#ports/marks.ts";
import type { Application, BucketView, Refused } from "../bucket/application.ts";
import { EQUIVOCATION, pairOf } from "../bucket/equivocations.ts";
import type { Outputs } from "../bucket/outputs.ts";
import type { Inbox } from "./inbox.ts";
import type { Refusals } from "./refusals.ts";
import type { BucketState } from "../bucket/state.ts";
import type { TurnInput } from "../bucket/input.ts";

export interface Judge {
  readonly app: Application;
  /** Wall time, milliseconds: only for `expiresAtMs`, and never logged. */
  readonly nowMs: () => number;
  readonly refusals: Refusals;
  readonly inbox: Pick<Inbox, "isCrowded" | "known">;
}

export const admit = (
  judge: Judge,
  state: BucketState,
  input: TurnInput,
  view: BucketView,
  outputs: Outputs,
): readonly TurnInput[] => {
  switch (input.kind) {
    case "given":
      return [input];
    case "answer": {
      // An answer to nothing open is a copy of one that has been taken (E6).
      for (const ask of state.asks.values()) if (ask.number === input.number) return [input];
      return [];
    }
    case "ask": {
      const recalled = judge.app.recall(input, view);
      if (recalled.kind === "stale") mark("ask.stale");
      if (recalled.kind === "answered") mark("ask.repeated");
      if (recalled.kind === "answered")
        outputs.answers.push({ to: input.from, number: input.number, payload: recalled.answer });
      return recalled.kind === "new" ? [input] : [];
    }
    case "envelope":
      return admitEnvelope(judge, state, input, view, outputs);
    default:
      return input satisfies never;
  }
};

const admitEnvelope = (
  judge: Judge,
  state: BucketState,
  input: Extract<TurnInput, { kind: "envelope" }>,
  view: BucketView,
  outputs: Outputs,
): readonly TurnInput[] => {
  const { admitted } = input;
  const { envelope, signed, thread } = admitted;
  const refuse = (refused: Refused): readonly TurnInput[] => {
    if (judge.app.isFinal(refused.code)) judge.refusals.remember(signed.id, refused);
    outputs.receipts.push({
      to: envelope.from,
      envelope: signed.id,
      answer: { kind: "nack", ...refused },
    });
    return [];
  };
  const heard = state.threads.hear(thread, envelope.from, envelope.nonce, signed.id);
  if (heard.kind === "again") {
    mark("envelope.repeated");
    const { row } = heard;
    const { position, record } = row;
    if (row.state.kind === "acknowledged") {
      const { extra } = row.state;
      const ack = {
        kind: "ack" as const,
        position,
        record,
        ...(extra === undefined ? {} : { extra }),
      };
      outputs.receipts.push({ to: envelope.from, envelope: signed.id, answer: ack });
    } else if (row.state.kind === "refused") {
      const { code, detail } = row.state;
      return refuse(detail === undefined ? { code } : { code, detail });
    }
    return [];
  }
  const before = judge.refusals.of(signed.id);
  if (before !== undefined) {
    mark("envelope.refused-again");
    return refuse(before);
  }
  const unknown = judge.app.known(admitted, view);
  if (unknown !== undefined) {
    if (input.connection !== undefined)
      outputs.rejections.push({ connection: input.connection, signed, refused: unknown });
    return [];
  }
  judge.inbox.known(input.lane);
  if (envelope.thread === undefined && judge.inbox.isCrowded) return refuse(crowded());
  if (heard.kind === "old") {
    mark("envelope.nonce-old");
    return refuse({ code: "NONCE_OLD" });
  }
  if (heard.kind === "equivocation") {
    mark("envelope.equivocation");
    const { first } = heard;
    const by = first?.envelope ?? "another";
    refuse({ code: "EQUIVOCATION", detail: `nonce ${envelope.nonce} was used by ${by}` });
    if (first === undefined || !state.equivocations.wants(envelope.from)) return [];
    return [{ kind: "given", verb: EQUIVOCATION, body: pairOf(admitted, first) }];
  }
  const heardMost = state.threads.lamport(thread);
  if (envelope.lamport - heardMost > judge.app.lamportJumpMax)
    return refuse({ code: "LAMPORT_JUMP", detail: `the highest here is ${heardMost}` });
  const nowMs = judge.nowMs();
  if (nowMs > envelope.expiresAtMs) return refuse({ code: "EXPIRED" });
  const refused = judge.app.admit(admitted, view, nowMs);
  const beside = judge.app.beside(admitted, refused, view, nowMs);
  const logged = refused === undefined ? [input] : refuse(refused);
  return beside === undefined ? logged : [...logged, { kind: "given", ...beside }];
};

const crowded = (): Refused => {
  mark("host.crowded");
  return { code: "MAILBOX_FULL", detail: "what is under way goes first" };
};
