/**
 * The language of scenarios. Lines before `----` act, lines after it are the trace that must follow:
 * the leader's entries about the need, then what changed in the purses. See README.md beside this file.
 */

import { encode } from "#envelope/canonical.ts";
import { bucketOf, cidOf } from "#envelope/cid.ts";
import type { Envelope } from "#envelope/envelope.ts";
import type { Overrides } from "#domain/genesis/profiles.ts";
import { formatCredits, parseCredits } from "#protocol/amount.ts";
import type {
  AgentVerb,
  Bodies,
  DrawBody,
  GrantBody,
  PlanOp,
  ReconcileBody,
} from "#protocol/bodies.ts";
import type { Tier, Verdict } from "#protocol/words.ts";
import { World, type Cast } from "../support/world.ts";
import { answer, HABITS, type Habit, type Player } from "./actors.ts";

type Words = Readonly<Record<string, string>>;

const wordsOf = (rest: readonly string[]): Words =>
  Object.fromEntries(
    rest.filter((w) => w.includes("=")).map((w) => w.split("=", 2) as [string, string]),
  );

const credits = (text: string): bigint => {
  const amount = parseCredits(text);
  if (amount === undefined) throw new Error(`${text} is no amount`);
  return amount;
};

/** `add:TASK`, `requires:TASK:ON`, `link:FROM:TO`, `state:TASK:STATE`. */
const planOp = (word: string): PlanOp => {
  const [op = "", first = "", second = ""] = word.split(":");
  switch (op) {
    case "add":
      return { op: "ADD_TASK", task: first };
    case "requires":
      return { op: "REQUIRES", task: first, on: second };
    case "link":
      return { op: "LINK", from: first, to: second };
    case "state":
      return { op: "STATE", task: first, state: second };
    default:
      throw new Error(`no plan operation ${op}`);
  }
};

export class Script {
  #world: World | undefined;
  readonly #players = new Map<string, Player>();
  readonly #cast: Cast[] = [];
  readonly #names = new Map<string, string>();
  readonly #seen = new Map<string, number>();
  #purses = new Map<string, bigint>();
  #overrides: Overrides = {};

  /** Runs the commands of one block and answers its trace. */
  async run(commands: readonly string[]): Promise<string[]> {
    const trace: string[] = [];
    for (const command of commands) trace.push(...(await this.#do(command)));
    if (this.#world !== undefined) {
      trace.push(...(await this.#entries()));
      trace.push(...this.#money());
    }
    return trace;
  }

  /** The state as it is and as a replay of the logs gives it. */
  async hashes(): Promise<{ live: string; replayed: string }> {
    return (await this.#open()).hashes();
  }

  async #do(command: string): Promise<string[]> {
    const [verb = "", ...rest] = command.split(/\s+/);
    const words = wordsOf(rest);
    switch (verb) {
      case "worker":
      case "verifier":
        this.#play(verb, rest);
        return [];
      case "parameters":
        this.#overrides = JSON.parse(command.slice(verb.length)) as Overrides;
        return [];
      case "need":
        return this.#need(rest[0] ?? "", words);
      case "advance":
        await (await this.#open()).advance(Number(rest[0]));
        return [];
      case "cancel":
        return this.#tell("requester", "CANCEL", { need: this.#id(rest[0] ?? "") });
      case "plan": {
        const [name = "", who = "", ...ops] = rest;
        return this.#tell(who, "UPDATE_PLAN", { need: this.#id(name), ops: ops.map(planOp) });
      }
      case "bid":
      case "commit":
      case "yield":
      case "beat":
      case "attest":
        return this.#speak(verb, rest[0] ?? "", rest[1] ?? "", words);
      case "unstake":
        return this.#tell(rest[0] ?? "", "UNSTAKE", { amount: credits(rest[1] ?? "") });
      case "pause":
      case "resume":
        return this.#pause(rest[0] ?? "", verb === "pause");
      case "limit":
        return this.#limit(rest[0] ?? "", words);
      case "challenge":
        return this.#challenge(rest[0] ?? "", rest[1] ?? "", words);
      case "rule":
        return this.#rule(rest[0] ?? "", words);
      default:
        throw new Error(`no command ${verb}`);
    }
  }

  #play(role: "worker" | "verifier", rest: readonly string[]): void {
    const [name = ""] = rest;
    const words = wordsOf(rest);
    const habits = rest.slice(1).filter((word) => word in HABITS) as Habit[];
    this.#players.set(name, {
      name,
      price: credits(words["price"] ?? "1"),
      habits: new Set(habits),
    });
    this.#cast.push({
      name,
      roles: [role],
      capability: "job",
      org: words["org"] ?? name,
      credits: credits(words["credits"] ?? (role === "worker" ? "1000" : "0")),
      stake: credits(words["stake"] ?? (role === "verifier" ? "200" : "0")),
    });
  }

  async #open(): Promise<World> {
    if (this.#world !== undefined) return this.#world;
    const requester: Cast = { name: "requester", roles: ["requester"], capability: "job" };
    const world = await World.open([requester, ...this.#cast], this.#overrides);
    world.onNotice = (to, notice) => {
      const player = this.#players.get(to);
      if (player !== undefined) answer(world, player, notice);
    };
    this.#world = world;
    this.#purses = this.#purse();
    return world;
  }

  async #need(name: string, words: Words): Promise<string[]> {
    const world = await this.#open();
    const { id, answer: said } = await world.say("requester", "NEED", {
      key: words["key"] ?? name,
      capability: "job",
      input: { value: words["key"] ?? name },
      bounty: credits(words["bounty"] ?? "2"),
      verifyBounty: credits(words["verifyBounty"] ?? "0.5"),
      deadlineMs: Number(words["deadlineMs"] ?? 60_000),
      ...(words["kResult"] === undefined ? {} : { kResult: Number(words["kResult"]) }),
      ...(words["kPlan"] === undefined ? {} : { kPlan: Number(words["kPlan"]) }),
      ...(words["tier"] === undefined ? {} : { tier: words["tier"] as Tier }),
    });
    this.#names.set(id, name);
    return said?.kind === "nack" ? [`${name} refused ${said.code}`] : [];
  }

  #id(name: string): string {
    for (const [id, known] of this.#names) if (known === name) return id;
    throw new Error(`no need ${name}`);
  }

  async #tell<V extends AgentVerb>(
    who: string,
    verb: V,
    body: Bodies[V],
    change: Partial<Envelope> = {},
  ): Promise<string[]> {
    const world = await this.#open();
    const { answer: said } = await world.say(who, verb, body, change);
    if (said?.kind !== "nack") return [];
    // Only a plan is refused for so many reasons under one code.
    const why = verb === "UPDATE_PLAN" ? said.detail : undefined;
    return [`${verb} refused ${said.code}${why === undefined ? "" : `: ${why}`}`];
  }

  async #pause(name: string, paused: boolean): Promise<string[]> {
    const world = await this.#open();
    const who = name === "all" ? ({ all: true } as const) : { agent: world.did(name) };
    return this.#tell("operator", "PAUSE", { who, paused });
  }

  async #limit(name: string, words: Words): Promise<string[]> {
    const world = await this.#open();
    const { owner, need, day, minute, perMinute } = words;
    const own = name === "each" ? ({ each: true } as const) : { agent: world.did(name) };
    return this.#tell("operator", "LIMIT", {
      of: owner === undefined ? own : { owner },
      limits: {
        ...(need === undefined ? {} : { need: credits(need) }),
        ...(day === undefined ? {} : { day: credits(day) }),
        ...(minute === undefined ? {} : { minute: credits(minute) }),
        ...(perMinute === undefined ? {} : { perMinute: Number(perMinute) }),
      },
    });
  }

  /** What an agent says by itself, not as its habits answer a notice. */
  async #speak(
    verb: "bid" | "commit" | "yield" | "beat" | "attest",
    name: string,
    who: string,
    words: Words,
  ): Promise<string[]> {
    const world = await this.#open();
    const need = this.#id(name);
    const attempt = Number(words["attempt"] ?? 1);
    const revision = Number(words["revision"] ?? (await this.#revision(need, attempt)));
    switch (verb) {
      case "bid": {
        const price = credits(words["price"] ?? "1");
        const open = { price, etaMs: Number(words["eta"] ?? 1_000), patch: [] };
        return this.#tell(who, "PROPOSE", { need, attempt, bid: { open } });
      }
      case "commit": {
        const output = { result: "right" };
        const artifact = cidOf(encode(words["names"] ?? output));
        const body = { need, attempt, revision, artifact, output };
        const ago = Number(words["ago"] ?? 0);
        return this.#tell(who, "COMMIT", body, { sentAtMs: world.nowMs - ago });
      }
      case "yield":
        return this.#tell(who, "YIELD", { need, attempt, revision, reason: "no" });
      case "beat":
        return this.#tell(who, "HEARTBEAT", { need, attempt, revision, progress: 0 });
      case "attest": {
        const seat = Number(words["seat"] ?? (await this.#seat(need, attempt, who)));
        const verdict = (words["verdict"] ?? "pass") as Verdict;
        const commit = world.committed(need) ?? need;
        const body = { need, attempt, commit, seat, verdict, policyDigest: "" };
        return this.#tell(who, "ATTEST", body);
      }
    }
  }

  /** Of the attempt's lease; 0 where none was granted. */
  async #revision(need: string, attempt: number): Promise<number> {
    for (const { entry } of await (this.#world as World).logOf(need)) {
      if (entry.kind !== "derived" || entry.verb !== "GRANT") continue;
      const grant = entry.body as GrantBody;
      if (grant.attempt === attempt) return grant.revision;
    }
    return 0;
  }

  /** The seat of the attempt's result that was given to this agent; 0 where none was. */
  async #seat(need: string, attempt: number, name: string): Promise<number> {
    const world = this.#world as World;
    for (const { entry } of await world.logOf(need)) {
      if (entry.kind !== "derived" || entry.verb !== "DRAW") continue;
      const draw = entry.body as DrawBody;
      if (draw.phase !== "seated" || draw.question !== "result" || draw.attempt !== attempt)
        continue;
      const own = draw.seats.find(({ agent }) => agent === world.did(name));
      if (own !== undefined) return own.seat;
    }
    return 0;
  }

  async #challenge(name: string, by: string, words: Words): Promise<string[]> {
    const world = await this.#open();
    const need = this.#id(name);
    const commits = (await world.logOf(need)).flatMap(({ entry }) =>
      entry.kind === "envelope" ? [entry.signed.id] : [],
    );
    const commit = world.committed(need) ?? commits[0] ?? need;
    const { id, answer: said } = await world.say(by, "CHALLENGE", {
      need,
      attempt: Number(words["attempt"] ?? 1),
      target:
        words["rejection"] === undefined ? { commit } : { rejection: Number(words["rejection"]) },
      proof: "output_mismatch",
      evidence: need,
      bond: credits(words["bond"] ?? "1"),
    });
    this.#names.set(id, words["as"] ?? "challenge");
    return said?.kind === "nack" ? [`CHALLENGE refused ${said.code}`] : [];
  }

  async #rule(challengeName: string, words: Words): Promise<string[]> {
    const world = await this.#open();
    const challenge = this.#id(challengeName);
    const need = this.#id(words["need"] ?? "");
    await world.give(bucketOf(need), "RULE", {
      need,
      attempt: 1,
      challenge,
      upheld: words["upheld"] === "yes",
      by: world.operator.did,
      reason: "ruled in a scenario",
    });
    return [];
  }

  /** The leader's new entries about the needs of this scenario, in order. */
  async #entries(): Promise<string[]> {
    const world = await this.#open();
    const lines: string[] = [];
    for (const [id, name] of this.#names) {
      const log = await world.logOf(id);
      const from = this.#seen.get(id) ?? 0;
      for (const { entry } of log.slice(from))
        if (entry.kind === "derived" && entry.thread === id)
          lines.push(`${name} ${this.#told(entry.verb, entry.body)}`);
        else if (entry.kind === "given" && entry.verb === "RECONCILE") {
          const { need, result } = entry.body as ReconcileBody;
          if (need === id) lines.push(`${name} RECONCILE ${result}`);
        }
      this.#seen.set(id, log.length);
    }
    return lines;
  }

  #told(verb: string, body: unknown): string {
    const world = this.#world as World;
    const b = body as Readonly<Record<string, unknown>>;
    const auction = b["auction"] === true ? "auction" : "next of the ranking";
    const last = b["last"] === true ? " last" : "";
    const ordinal = b["question"] === "plan" ? ` of candidate ${String(b["candidate"])}` : "";
    const who = (did: unknown): string => world.names.get(String(did)) ?? String(did);
    switch (verb) {
      case "OPEN_ATTEMPT":
        return `OPEN_ATTEMPT ${String(b["attempt"])} ${auction}`;
      case "RANKING":
        return `RANKING ${(b["bids"] as { worker: string }[]).map((bid) => who(bid.worker)).join(" ")}`;
      case "DRAW":
        if (b["phase"] === "asked")
          return `DRAW ${String(b["question"])}${ordinal} round ${String(b["round"])}`;
        return `SEATED ${String(b["question"])} ${(b["seats"] as []).length} for K ${String(b["k"])}`;
      case "DECIDE":
      case "GRANT":
        return `${verb} ${String(b["attempt"])} ${who(b["worker"])}`;
      case "SETTLE":
        return `SETTLE ${String(b["attempt"])} ${String(b["outcome"])}${last}`;
      default:
        return `${verb} ${String(b["attempt"])} ${String(b["outcome"] ?? "")}${last}`;
    }
  }

  #purse(): Map<string, bigint> {
    const world = this.#world as World;
    const books = world.books();
    const purses = new Map<string, bigint>();
    const add = (name: string, amount: bigint): void =>
      void purses.set(name, (purses.get(name) ?? 0n) + amount);
    for (const [did, amount] of books.balances) add(world.names.get(did) ?? did, amount);
    for (const [did, amount] of books.stakes) add(world.names.get(did) ?? did, amount);
    add("burned", books.burned);
    add("held", books.escrows + books.bonds);
    if (books.total !== books.minted) throw new Error("E1: credits are not conserved");
    return purses;
  }

  /** Verifiers are one line: which of them the draw seats is chance, what they earn together is not. */
  #money(): string[] {
    const after = this.#purse();
    const changes = new Map<string, bigint>();
    const isVerifier = new Set(
      this.#cast.filter((one) => one.roles.includes("verifier")).map((one) => one.name),
    );
    for (const name of new Set([...after.keys(), ...this.#purses.keys()])) {
      const change = (after.get(name) ?? 0n) - (this.#purses.get(name) ?? 0n);
      const line = isVerifier.has(name) ? "verifiers" : name;
      changes.set(line, (changes.get(line) ?? 0n) + change);
    }
    this.#purses = after;
    const sign = (amount: bigint): string =>
      amount < 0n ? `-${formatCredits(-amount)}` : `+${formatCredits(amount)}`;
    return [...changes]
      .filter(([, amount]) => amount !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, amount]) => `${name} ${sign(amount)}`);
  }
}
