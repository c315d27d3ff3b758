import { totalmem } from "node:os";
import { describe, expect, it } from "vitest";
import { roomy, ROOMY_YOUNG_MIB_MAX } from "#cli/swarm/young.ts";

const GIB = 2 ** 30;

describe("memory for speed of a job that ends", () => {
  it.each([
    [1, GIB / 4, 8],
    [2, GIB, 8],
    [2, 4 * GIB, 32],
    [2, 16 * GIB, 128],
    [2, 256 * GIB, 128],
    [0, 4 * GIB, 64],
    [1, 4 * GIB, 64],
    [4, 16 * GIB, 64],
  ])("%s hosts on a machine of %s bytes have semi-spaces of %s MiB", (hosts, bytes, youngMib) => {
    expect(roomy({ hosts }, bytes)).toEqual({ hosts, youngMib });
  });

  it("does not grow with the hosts beyond what the machine has", () => {
    const { hosts, youngMib } = roomy({ hosts: 64 }, 16 * GIB);
    expect(hosts * youngMib * 2 ** 20).toBeLessThanOrEqual(GIB / 2);
  });

  it("is what the settings say, where they say it", () => {
    expect(roomy({ youngMib: 3, hosts: 2 }, 16 * GIB)).toEqual({ youngMib: 3, hosts: 2 });
  });

  it("never counts on more than this machine has", () => {
    const { youngMib } = roomy({ hosts: 2 });
    const most = roomy({ hosts: 2 }, totalmem()).youngMib;
    expect(youngMib).toBeLessThanOrEqual(Math.min(most, ROOMY_YOUNG_MIB_MAX));
  });
});
