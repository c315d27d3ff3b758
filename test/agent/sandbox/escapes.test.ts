import { describe, expect, it } from "vitest";
import { t2State } from "#agent/sandbox/bubblewrap.ts";
import { ATTEMPTS, BEGAN, ESCAPED, type Attempt } from "#agent/sandbox/escapes/attempts.ts";
import { tryEscape } from "#agent/sandbox/escapes/escapes.ts";
import { TIERS, type Tier } from "#agent/sandbox/outcome.ts";

const hasT2 = t2State().kind === "ready";

describe.each(TIERS)("a guest of %s", (tier) => {
  it.each(ATTEMPTS.map((attempt) => [attempt.name, attempt] as const))(
    "does not get through: %s",
    async (_, attempt) => {
      const finding = await tryEscape(attempt, tier);
      const wanted = tier === "T2" && !hasT2 ? "absent" : "stopped";
      expect(finding.result, finding.how).toBe(wanted);
    },
  );
});

describe("the judge of attempts", () => {
  const script = (code: string) => () => ({ tier: "T1", script: code }) as const;
  const plain = (code: string): Attempt => ({
    name: "plain",
    limits: {},
    t0: script(code),
    t1: script(code),
    t2: script(code),
  });
  const judged = async (attempt: Attempt, tier: Tier = "T1") =>
    (await tryEscape(attempt, tier)).result;

  it("sees a guest that says it got through", async () => {
    expect(await judged(plain(`console.log("${BEGAN}", "${ESCAPED}")`))).toBe("escaped");
  });

  it("believes no guest that never began", async () => {
    expect(await judged(plain("nonsense("))).toBe("unproved");
    expect(await judged(plain(`console.log("${BEGAN}")`))).toBe("stopped");
  });

  it("sees a secret that was read, and a process that was ended", async () => {
    const readers = plain("");
    const seen = {
      ...readers,
      t1: ({ mark }: { mark: string }) => script(`console.log("${mark}")`)(),
    };
    expect(await judged(seen)).toBe("escaped");
    const ended = {
      ...readers,
      t1: ({ victim }: { victim: number }) => {
        process.kill(victim, "SIGKILL");
        return script(`console.log("${BEGAN}"); for (let n = 0; n < 1e6; n++);`)();
      },
    };
    expect(await judged(ended)).toBe("escaped");
  });
});
