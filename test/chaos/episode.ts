/**
 * One episode: a market is run until all of it has ended, while its processes, its disk and its clock
 * are struck. A life that ends before that is followed by the same command, as an operator would.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { canswarm, descendants, isAlive, until } from "../integration/command.ts";
import { smallDisk, type SmallDisk } from "./disk.ts";
import { judge } from "./judge.ts";
import { Life, type Told } from "./life.ts";
import { chaosMarket, type ChaosMarket } from "./market.ts";
import { isThread, type Episode, type Strike } from "./plan.ts";

export interface Struck {
  readonly strike: Strike;
  /** In words: what was hit. */
  readonly what: string;
  /**
   * The longest time without a need that ended, from the strike until the first that ended after it was
   * over, ms; of a thread, until it was back from its log.
   */
  readonly stalledMs: number;
}

export interface EpisodeResult {
  readonly episode: Episode;
  readonly struck: readonly Struck[];
  /** Strikes that could not come: the run was over, or this user may not mount. */
  readonly missed: readonly { readonly strike: Strike; readonly why: string }[];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Processes it took, the first one included. */
  readonly lives: number;
  /** Threads that came back from their log. */
  readonly restarts: number;
  readonly tookMs: number;
  readonly entries: number;
  readonly wrong: readonly string[];
  /** Kept where something is wrong. */
  readonly folder: string | undefined;
}

/** A run that has not gone on for so long has hung, ms. */
const STUCK_MS = 60_000;
/** Progress is looked at this often while something strikes, ms. */
const LOOK_MS = 5;
/** Lives of one episode. */
const LIVES_MAX = 12;
/** A supervisor that ended by itself is started again after this, ms: its disk may still be full. */
const AGAIN_MS = 500;

export const runEpisode = async (episode: Episode): Promise<EpisodeResult> => {
  const market = chaosMarket(episode.needs);
  const disk = smallDisk(join(market.folder, "disk"));
  const run = new Run(episode, market, disk);
  try {
    await run.toEnd();
    await run.check();
  } catch (error) {
    run.wrong.push(error instanceof Error ? error.message : String(error));
  }
  const result = run.result();
  run.kill();
  if (result.wrong.length === 0) {
    disk?.unmount();
    market.remove();
  }
  return result;
};

class Run {
  readonly #episode: Episode;
  readonly #market: ChaosMarket;
  readonly #disk: SmallDisk | undefined;
  readonly #startedMs = performance.now();
  readonly #struck: Struck[] = [];
  readonly #missed: { strike: Strike; why: string }[] = [];
  readonly #told: Told[] = [];
  readonly wrong: string[] = [];
  #outcomes: Readonly<Record<string, number>> = {};
  #entries = 0;
  #lives = 0;
  #restarts = 0;
  #life: Life;

  constructor(episode: Episode, market: ChaosMarket, disk: SmallDisk | undefined) {
    this.#episode = episode;
    this.#market = market;
    this.#disk = disk;
    writeFileSync(this.#clock, "0");
    this.#life = this.#begin(episode.strikes.find(({ kind }) => isThread(kind)));
  }

  get #clock(): string {
    return join(this.#market.folder, "clock");
  }

  /** Faults of threads are asked for on the command line, which marks the folder for them. */
  #begin(thread?: Strike): Life {
    this.#lives += 1;
    if (this.#lives > LIVES_MAX) throw new Error(`it took more than ${LIVES_MAX} processes`);
    const how = thread?.kind.slice("thread-".length);
    const fault = thread === undefined ? [] : ["--fault", `thread:${how}@${thread.turn}`];
    return new Life([...this.#market.runArgs, ...fault], this.#market.folder);
  }

  async toEnd(): Promise<void> {
    for (const strike of this.#episode.strikes) await this.#strike(strike);
    for (;;) {
      const { code, signal } = await this.#life.end();
      this.#remember();
      if (code === 0) return;
      await this.#again(`ended with ${String(code ?? signal)}`);
    }
  }

  async #strike(strike: Strike): Promise<void> {
    const { afterEnded, kind } = strike;
    await this.#goesOn(`${afterEnded} needs have ended`, () => this.#ended >= afterEnded);
    if (this.#life.ended?.code === 0) {
      this.#missed.push({ strike, why: "the run was over" });
      return;
    }
    if (kind === "disk-full" && this.#disk === undefined) {
      this.#missed.push({ strike, why: "this user may not mount" });
      return;
    }
    if (isThread(kind)) return this.#thread(strike);
    const watch = new StallWatch(() => this.#ended, this.#episode.needs);
    try {
      const what = await this.#hit(strike);
      const before = this.#ended;
      await this.#goesOn(`a need ends after ${what}`, () => this.#ended > before);
      this.#struck.push({ strike, what, stalledMs: watch.longestMs() });
    } finally {
      watch.stop();
    }
  }

  /** It comes by itself, at its turn. */
  async #thread(strike: Strike): Promise<void> {
    const back = /is back from its log after (\d+) ms/;
    await this.#goesOn("a thread came back", () => back.test(this.#life.stderr));
    const [, ms] = back.exec(this.#life.stderr) ?? [];
    if (ms === undefined) this.#missed.push({ strike, why: "the run was over" });
    else
      this.#struck.push({
        strike,
        what: `${strike.kind.replace("-", ":")} at turn ${strike.turn} of a host thread`,
        stalledMs: Number(ms),
      });
  }

  /** Until `holds` or all has ended; whoever died meanwhile is started again. */
  async #goesOn(what: string, holds: () => boolean): Promise<void> {
    await until(
      what,
      async () => {
        if (holds()) return true;
        const { ended } = this.#life;
        if (ended === undefined) return false;
        if (ended.code === 0) return true;
        await this.#again(what);
        return false;
      },
      STUCK_MS,
    );
  }

  get #ended(): number {
    return this.#life.endedCount;
  }

  /** The same command again, after a life that ended before its run was over. */
  async #again(why: string): Promise<void> {
    const { stderr } = await this.#life.end();
    this.#remember();
    const told = stderr.trimEnd().split("\n").at(-1) ?? "";
    // Killed, or stopped by what the machine did to it: that has a code and a remedy.
    const isTold = this.#killed.has(this.#life) || /\b(STORE_\w+|SUPERVISOR_HALTED)\b/.test(stderr);
    if (!isTold) this.wrong.push(`a process ended without a reason (${why}): ${told}`);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    this.#life = this.#begin();
  }

  readonly #killed = new Set<Life>();

  /** Returns what was hit. */
  async #hit(strike: Strike): Promise<string> {
    const { kind, lastsMs, stepMs, which } = strike;
    const pid = this.#life.pid;
    const children = this.#life.isOver ? [] : descendants(pid);
    const child = children[which % Math.max(1, children.length)];
    const seconds = (lastsMs / 1_000).toFixed(1);
    switch (kind) {
      case "kill":
      case "kill-all":
        await this.#slay(kind === "kill-all" ? children : []);
        await until("the agents' programs are gone", () => !children.some(isAlive));
        this.#life = this.#begin();
        return kind === "kill" ? "SIGKILL of the supervisor" : "SIGKILL of every process";
      case "kill-agent":
        if (child !== undefined) signalled(child, "SIGKILL");
        return "SIGKILL of an agent's program";
      case "freeze": {
        this.#life.signal("SIGSTOP");
        await this.#refusesSecond();
        await pause(lastsMs);
        this.#life.signal("SIGCONT");
        return `SIGSTOP of the supervisor for ${seconds} s`;
      }
      case "freeze-agent":
        if (child !== undefined) signalled(child, "SIGSTOP");
        await pause(lastsMs);
        if (child !== undefined) signalled(child, "SIGCONT");
        return `SIGSTOP of an agent's program for ${seconds} s`;
      case "disk-full":
        this.#disk?.fill();
        await pause(lastsMs);
        this.#disk?.empty();
        return `full disk for ${seconds} s`;
      default:
        writeFileSync(this.#clock, String(stepMs));
        return `wall clock ${stepMs > 0 ? "+" : ""}${stepMs / 1_000} s`;
    }
  }

  async #slay(others: readonly number[]): Promise<void> {
    this.#killed.add(this.#life);
    this.#life.signal("SIGKILL");
    for (const pid of others) signalled(pid, "SIGKILL");
    await this.#life.end();
    this.#remember();
  }

  /** Nobody else may open the folder meanwhile. */
  async #refusesSecond(): Promise<void> {
    const second = await canswarm("run", ...this.#market.args, "--json").ended;
    if (second.code !== 1 || !second.stderr.includes("DATA_IN_USE"))
      this.wrong.push(`a second start was not refused: ${second.stderr.slice(-200)}`);
  }

  /** What was told before a death is held against the end. */
  #remember(): void {
    this.#restarts += this.#life.stderr.match(/is back from its log/g)?.length ?? 0;
    this.#told.push(...this.#life.told);
  }

  async check(): Promise<void> {
    const { stdout } = await this.#life.end();
    const { data } = this.#market;
    const { needs } = this.#episode;
    const judged = await judge({ data, stdout, needs, told: this.#told });
    this.wrong.push(...judged.wrong);
    this.#outcomes = judged.outcomes;
    this.#entries = judged.entries;
  }

  /** Whatever goes wrong, nothing is left running. */
  kill(): void {
    const pids = this.#life.isOver ? [] : descendants(this.#life.pid);
    this.#life.signal("SIGKILL");
    for (const pid of pids) signalled(pid, "SIGKILL");
  }

  result(): EpisodeResult {
    return {
      episode: this.#episode,
      struck: this.#struck,
      missed: this.#missed,
      outcomes: this.#outcomes,
      lives: this.#lives,
      restarts: this.#restarts,
      tookMs: performance.now() - this.#startedMs,
      entries: this.#entries,
      wrong: this.wrong,
      folder: this.wrong.length === 0 ? undefined : this.#market.folder,
    };
  }
}

/** Looks how long nothing ends. */
class StallWatch {
  readonly #count: () => number;
  readonly #needs: number;
  readonly #timer: NodeJS.Timeout;
  #seen: number;
  #sinceMs = performance.now();
  #longestMs = 0;

  constructor(count: () => number, needs: number) {
    [this.#count, this.#needs] = [count, needs];
    this.#seen = count();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    const seen = this.#count();
    const nowMs = performance.now();
    // Where all have ended, nothing is waited for.
    if (this.#seen < this.#needs)
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#sinceMs);
    if (seen === this.#seen) return;
    [this.#seen, this.#sinceMs] = [seen, nowMs];
  }

  longestMs(): number {
    this.#look();
    return this.#longestMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const signalled = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself an instant before.
  }
};
