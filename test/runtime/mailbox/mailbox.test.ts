import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mailbox, type MailboxLimits } from "#runtime/mailbox/mailbox.ts";

const LIMITS: MailboxLimits = { messagesMax: 12, senderMessagesMax: 5, reservedMax: 4 };

interface Message {
  readonly from: string;
  readonly n: number;
}

const senders = fc.constantFrom("a", "b", "c", "d");
const requests = fc.constantFrom("r1", "r2", "r3", "r4", "r5", "r6");
const moves = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant("offer" as const), from: senders, room: fc.nat(8) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("reserve" as const), request: requests }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("answer" as const), request: requests }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("release" as const), request: requests }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("take" as const), max: fc.nat(6) }) },
  ),
  { maxLength: 150, size: "max" },
);

describe("a mailbox", () => {
  it("keeps order, bounds, turns and reserved room under any sequence of calls", () => {
    const property = fc.property(moves, (list) => {
      const mailbox = new Mailbox<Message>(LIMITS);
      const waiting = new Map<string, Message[]>();
      const open = new Set<string>();
      const answers: Message[] = [];
      const count = () => [...waiting.values()].reduce((sum, line) => sum + line.length, 0);
      let n = 0;
      for (const move of list) {
        n += 1;
        switch (move.do) {
          case "offer": {
            const message = { from: move.from, n };
            const own = waiting.get(move.from) ?? [];
            const ownMax = Math.min(LIMITS.senderMessagesMax, move.room);
            const full = count() >= LIMITS.messagesMax || own.length >= ownMax;
            const offered = mailbox.offer(move.from, message, move.room);
            expect(offered.kind, "M2").toBe(full ? "full" : "queued");
            if (offered.kind === "full") expect(offered.message, "M2").toBe(message);
            else waiting.set(move.from, [...own, message]);
            break;
          }
          case "reserve": {
            const room = open.size + answers.length < LIMITS.reservedMax;
            const may = open.has(move.request) || room;
            expect(mailbox.reserve(move.request), "M4").toBe(may);
            if (may) open.add(move.request);
            break;
          }
          case "answer": {
            const message = { from: "answers", n };
            const answered = mailbox.answer(move.request, message);
            expect(answered.kind, "M4").toBe(open.has(move.request) ? "queued" : "unreserved");
            if (answered.kind === "queued") answers.push(message);
            open.delete(move.request);
            break;
          }
          case "release":
            expect(mailbox.release(move.request)).toBe(open.delete(move.request));
            break;
          case "take": {
            const before = count() + answers.length;
            const batch = mailbox.take(move.max);
            expect(batch).toHaveLength(Math.min(move.max, before));
            for (const message of batch) {
              const line = message.from === "answers" ? answers : waiting.get(message.from)!;
              expect(line.shift(), "M1").toBe(message);
            }
          }
        }
        expect(mailbox.size).toBe(count() + answers.length);
        const those = [...waiting].filter(([, line]) => line.length > 0).map(([from]) => from);
        expect(mailbox.senders).toBe(those.length);
        expect(those.every((from) => mailbox.hasOf(from))).toBe(true);
        expect(mailbox.reserved, "M4").toBe(open.size + answers.length);
        expect(mailbox.reserved, "M4").toBeLessThanOrEqual(LIMITS.reservedMax);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("lets no sender wait for more than one message of each other sender", () => {
    const lines = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 4 }), (lengths, batchMax) => {
        const mailbox = new Mailbox<number>({ ...LIMITS, messagesMax: 20 });
        for (const [sender, length] of lengths.entries()) {
          for (let n = 0; n < length; n++) mailbox.offer(`${sender}`, sender);
        }
        const left = [...lengths];
        let turns: number[] = [];
        while (mailbox.size > 0) {
          for (const sender of mailbox.take(batchMax)) {
            // Nobody comes again before everybody who still waits has come.
            if (turns.includes(sender)) {
              const missed = left.flatMap((length, at) => (length > 0 ? [at] : []));
              expect(missed.filter((at) => !turns.includes(at))).toEqual([]);
              turns = [];
            }
            turns.push(sender);
            left[sender]! -= 1;
          }
        }
        expect(left.every((length) => length === 0)).toBe(true);
      }),
    );
  });

  it("takes answers and senders in turns, in batches of one too", () => {
    const mailbox = new Mailbox<string>();
    for (const request of ["r1", "r2", "r3"]) {
      mailbox.reserve(request);
      mailbox.answer(request, request);
      mailbox.offer("flood", `m${request}`);
    }
    const taken = Array.from({ length: 6 }, () => mailbox.take(1)[0]);
    expect(taken).toEqual(["r1", "mr1", "r2", "mr2", "r3", "mr3"]);
  });

  it("lets two hosts with full mailboxes answer each other", () => {
    const hosts = [new Mailbox<string>(LIMITS), new Mailbox<string>(LIMITS)];
    for (const [at, host] of hosts.entries()) {
      expect(host.reserve("mine")).toBe(true);
      for (let n = 0; n < LIMITS.messagesMax; n++) hosts[1 - at]!.offer(`sender ${n % 4}`, "work");
    }
    for (const host of hosts) {
      expect(host.offer("other host", "one more")).toMatchObject({ code: "MAILBOX_FULL" });
      expect(host.answer("mine", "answer")).toEqual({ kind: "queued" });
      expect(host.take(2)).toContain("answer");
    }
  });

  it("refuses limits that would starve it", () => {
    expect(() => new Mailbox({ ...LIMITS, senderMessagesMax: 13 })).toThrow("make no sense");
  });
});
