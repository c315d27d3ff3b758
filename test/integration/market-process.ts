/** A supervisor process for a test: started on a free port, its folder removed, nothing left behind. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenIn } from "#gateway/tokens.ts";
import { canswarm, until, type Running } from "./command.ts";

export class Market {
  readonly folder = mkdtempSync(join(tmpdir(), "canswarm-remote-"));
  readonly data = join(this.folder, "data");
  readonly #running: Running[] = [];
  url = "";

  async up(...more: readonly string[]): Promise<Running> {
    const one = this.start("up", "--data", this.data, "--port", "0", "--json", ...more);
    await this.#says(one, () => one.stdout.includes("\n"));
    this.url = (JSON.parse(one.stdout) as { url: string }).url;
    return one;
  }

  get token(): string {
    return tokenIn(this.data) ?? "";
  }

  /** Options of every command that talks to it. */
  get to(): readonly string[] {
    return ["--url", this.url, "--data", this.data];
  }

  start(...args: readonly string[]): Running {
    const one = canswarm(...args);
    this.#running.push(one);
    return one;
  }

  /** `canswarm agent …` until so many are here, with keys under this name. */
  async join(keys: string, count: number, ...args: readonly string[]): Promise<Running> {
    const one = this.start("agent", ...this.to, "--keys", join(this.folder, keys), ...args);
    await this.#says(one, () => (one.stderr.match(/ is here as /g) ?? []).length >= count);
    return one;
  }

  close(): void {
    for (const one of this.#running.splice(0)) one.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #says(one: Running, holds: () => boolean): Promise<void> {
    let over = false;
    void one.ended.then(() => (over = true));
    await until("it says so", () => holds() || over, 60_000);
    if (!holds()) throw new Error(`it ended: ${one.stderr}`);
  }
}
