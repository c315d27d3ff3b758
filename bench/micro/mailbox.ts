/**
 * Messages through a mailbox a second: offered and taken in batches, of one sender and of many that take
 * turns, and answers through reserved room, beside an array that is pushed to and emptied.
 * Run: node bench/micro/mailbox.ts [--ms 1000] [--json]
 */
import { BATCH_MESSAGES_MAX, Mailbox } from "#runtime/mailbox/mailbox.ts";
import { microFlags } from "../support/flags.ts";
import { ratePerSecond } from "../support/rate.ts";
import { tellFigures, type Figure } from "../support/report.ts";

const { ms, isJson } = microFlags({ ms: 1_000 });
const SENDERS = [1, 16, 256];
/** Batches that wait at a time. */
const WAITING = 4;
const MESSAGES = BATCH_MESSAGES_MAX * WAITING;
const options = { units: MESSAGES, ms };

const message = { bytes: new Uint8Array(8) };
let seen = 0;

const bare = await ratePerSecond(options, () => {
  const queue: (typeof message)[] = [];
  for (let n = 0; n < MESSAGES; n += 1) queue.push(message);
  for (let n = 0; n < WAITING; n += 1) seen += queue.splice(0, BATCH_MESSAGES_MAX).length;
});
const floor = { name: "an array pushed to and spliced", value: bare };

const figures: Figure[] = [];
const takeAll = (mailbox: Mailbox<typeof message>): void => {
  for (let n = 0; n < WAITING; n += 1) seen += mailbox.take().length;
  if (mailbox.size > 0) throw new Error("something is left");
};
for (const count of SENDERS) {
  const mailbox = new Mailbox<typeof message>();
  const senders = Array.from({ length: count }, (_, at) => `sender-${at}`);
  const value = await ratePerSecond(options, () => {
    for (let n = 0; n < MESSAGES; n += 1) {
      const sender = senders[n % count] ?? "";
      if (mailbox.offer(sender, message).kind === "full") throw new Error("no room");
    }
    takeAll(mailbox);
  });
  figures.push({ name: `messages of ${count} senders`, value, unit: "messages/s", floor });
}

const mailbox = new Mailbox<typeof message>();
const requests = Array.from({ length: MESSAGES }, (_, at) => `request-${at}`);
const answers = await ratePerSecond(options, () => {
  for (const request of requests) if (!mailbox.reserve(request)) throw new Error("no room");
  for (const request of requests) mailbox.answer(request, message);
  takeAll(mailbox);
});
figures.push({ name: "answers, reserved and given", value: answers, unit: "messages/s", floor });

if (seen === 0) throw new Error("nothing was taken");
tellFigures("mailbox", figures, { isJson });
