/** What every Clock must do. `pass` lets that much of its time pass. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "#ports/clock.ts";

export interface ClockRig {
  readonly clock: Clock;
  readonly pass: (ms: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export const clockContract = (name: string, makeRig: () => Promise<ClockRig>): void => {
  describe(`the clock contract, kept by ${name}`, () => {
    let rig: ClockRig;
    let clock: Clock;
    beforeEach(async () => {
      rig = await makeRig();
      clock = rig.clock;
    });
    afterEach(() => rig.dispose());

    it("tells whole milliseconds that never fall", async () => {
      const times = [clock.monotonicMs()];
      for (let n = 0; n < 100; n++) times.push(clock.monotonicMs());
      await rig.pass(5);
      times.push(clock.monotonicMs());
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect([...times, clock.wallMs()].every(Number.isSafeInteger)).toBe(true);
      expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(4);
    });

    it("wakes once, never early, and in the order of the times", async () => {
      const begin = clock.monotonicMs();
      const woken: { after: number; tookMs: number }[] = [];
      const wakeAfter = (after: number): void =>
        void clock.after(after, () => woken.push({ after, tookMs: clock.monotonicMs() - begin }));
      [24, 0, 16, 8].forEach(wakeAfter);
      expect(woken).toEqual([]);
      await rig.pass(60);
      expect(woken.map(({ after }) => after)).toEqual([0, 8, 16, 24]);
      // Whole ms on both sides: the difference may show one less than what truly passed.
      expect(woken.filter(({ after, tookMs }) => tookMs < after - 1)).toEqual([]);
    });

    it("does not wake who took it back, before or twice", async () => {
      const woken: string[] = [];
      const cancel = clock.after(5, () => woken.push("cancelled"));
      const late = clock.after(1, () => woken.push("kept"));
      cancel();
      cancel();
      await rig.pass(20);
      late();
      expect(woken).toEqual(["kept"]);
    });
  });
};
