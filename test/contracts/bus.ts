/**
 * What every Bus must do while nothing fails. A rig makes connections of different processes to one
 * place; `settle` returns when all that was published so far has been heard by whoever hears it.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  agentSubject,
  ALL_SUPERVISORS,
  bucketSubject,
  MESSAGE_BYTES_MAX,
  type Bus,
} from "#ports/bus.ts";

export interface BusRig {
  readonly connect: () => Promise<Bus>;
  readonly settle: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const text = new TextEncoder();
const words = (messages: readonly Uint8Array[]): readonly string[] =>
  messages.map((bytes) => new TextDecoder().decode(bytes)).toSorted();

const bytesOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => (at * 31 + size) % 256);

/** Everything that is heard of the subject, and how to stop hearing. */
const hearing = (bus: Bus, subject: string) => {
  const heard: Uint8Array[] = [];
  return { heard, stop: bus.subscribe(subject, (bytes) => heard.push(bytes)) };
};

const DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

export const busContract = (name: string, makeRig: () => Promise<BusRig>): void => {
  describe(`the bus contract, kept by ${name}`, () => {
    let rig: BusRig;
    let one: Bus;
    let two: Bus;
    beforeEach(async () => {
      rig = await makeRig();
      one = await rig.connect();
      two = await rig.connect();
    });
    afterEach(() => rig.dispose());

    const publishAll = async (from: Bus, subject: string, ...contents: string[]) => {
      for (const content of contents) from.publish(subject, text.encode(content));
      await rig.settle();
    };

    it("brings a message to everybody who has subscribed, its own publisher too", async () => {
      const heard = [one, two, two].map((bus) => hearing(bus, ALL_SUPERVISORS).heard);
      await rig.settle();
      await publishAll(one, ALL_SUPERVISORS, "a", "b");
      expect(heard.map(words)).toEqual(Array(3).fill(["a", "b"]));
      expect(one.dropped + two.dropped).toBe(0);
    });

    it("keeps subjects apart, those with a common beginning too", async () => {
      const subjects = [bucketSubject(2), bucketSubject(25), bucketSubject(256), agentSubject(DID)];
      const heard = subjects.map((subject) => hearing(two, subject).heard);
      await rig.settle();
      for (const subject of subjects) one.publish(subject, text.encode(subject));
      one.publish(bucketSubject(1), text.encode("for nobody"));
      await rig.settle();
      expect(heard.map(words)).toEqual(subjects.map((subject) => [subject]));
    });

    it.each([0, 1, 64 * 1024, MESSAGE_BYTES_MAX])("carries %i bytes as they are", async (size) => {
      const { heard } = hearing(two, bucketSubject(1));
      await rig.settle();
      one.publish(bucketSubject(1), bytesOf(size));
      await rig.settle();
      expect(heard).toHaveLength(1);
      expect(Buffer.compare(heard[0]!, bytesOf(size))).toBe(0);
      expect(one.dropped).toBe(0);
    });

    it("carries many messages at once, each once", async () => {
      const { heard } = hearing(two, bucketSubject(1));
      await rig.settle();
      const contents = Array.from({ length: 2_000 }, (_, at) => `message ${at}`);
      await publishAll(one, bucketSubject(1), ...contents);
      expect(words(heard)).toEqual(contents.toSorted());
    });

    it("keeps nothing for those who subscribe later", async () => {
      await publishAll(one, bucketSubject(1), "early");
      const { heard } = hearing(two, bucketSubject(1));
      await rig.settle();
      await publishAll(one, bucketSubject(1), "late");
      expect(words(heard)).toEqual(["late"]);
    });

    it("is silent from the moment a subscription is given up, for that one only", async () => {
      const [stays, goes] = [hearing(two, bucketSubject(1)), hearing(two, bucketSubject(1))];
      await rig.settle();
      await publishAll(one, bucketSubject(1), "a");
      one.publish(bucketSubject(1), text.encode("b"));
      goes.stop();
      goes.stop();
      await rig.settle();
      await publishAll(one, bucketSubject(1), "c");
      expect(words(goes.heard)).toEqual(["a"]);
      expect(words(stays.heard)).toEqual(["a", "b", "c"]);
    });

    it("can be subscribed to again after it was given up", async () => {
      hearing(two, bucketSubject(1)).stop();
      const { heard } = hearing(two, bucketSubject(1));
      await rig.settle();
      await publishAll(one, bucketSubject(1), "a");
      expect(words(heard)).toEqual(["a"]);
    });

    it("is silent once closed, and nothing that is called later throws", async () => {
      const closed = hearing(two, bucketSubject(1));
      const open = hearing(one, bucketSubject(1));
      await rig.settle();
      await two.close();
      await two.close();
      await publishAll(one, bucketSubject(1), "after");
      expect(words(closed.heard)).toEqual([]);
      expect(words(open.heard)).toEqual(["after"]);
      closed.stop();
      expect(() => two.publish(bucketSubject(2), text.encode("from nowhere"))).not.toThrow();
    });

    it("lets out what was published before it was closed", async () => {
      const { heard } = hearing(two, bucketSubject(1));
      await rig.settle();
      one.publish(bucketSubject(1), text.encode("last words"));
      await one.close();
      await rig.settle();
      expect(words(heard)).toEqual(["last words"]);
    });
  });
};
