import { describe, expect, it } from "vitest";
import { roomy, roomyYoungMib } from "#cli/swarm/young.ts";

const GIB = 2 ** 30;

describe("memory for speed of a job that ends", () => {
  it.each([
    ["512 MiB", GIB / 2, 8],
    ["1 GiB", GIB, 8],
    ["4 GiB", 4 * GIB, 32],
    ["16 GiB", 16 * GIB, 128],
    ["256 GiB", 256 * GIB, 128],
  ])("on a machine of %s is a 128th of it, 8 to 128 MiB", (_, bytes, mib) => {
    expect(roomyYoungMib(bytes)).toBe(mib);
  });

  it("is what the settings say, where they say it", () => {
    expect(roomy({ youngMib: 3, hosts: 2 })).toEqual({ youngMib: 3, hosts: 2 });
    const { youngMib } = roomy<{ youngMib?: number }>({});
    expect(youngMib).toBeGreaterThanOrEqual(8);
    expect(youngMib).toBeLessThanOrEqual(128);
  });
});
