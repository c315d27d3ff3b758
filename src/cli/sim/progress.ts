/** Progress over seeds, on standard error: one line that redraws on a terminal, a line now and then else. */

import { bar, count } from "../display.ts";
import type { Screen } from "../progress.ts";
import type { SeedResult } from "./job.ts";

const REDRAW_MS = 200;
const PLAIN_MS = 10_000;
const BAR_WIDTH = 30;

export class SeedProgress {
  readonly #screen: Screen;
  readonly #total: number;
  readonly #startedMs = performance.now();
  #done = 0;
  #failed = 0;
  #shownMs = performance.now();

  constructor(screen: Screen, total: number) {
    this.#screen = screen;
    this.#total = total;
  }

  done({ seed, violations }: SeedResult): void {
    this.#done += 1;
    if (violations.length > 0) {
      this.#failed += 1;
      const [first] = violations;
      this.#line(`seed ${seed}: ${first?.property ?? ""} ${first?.what ?? ""}`);
    }
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < (this.#screen.isTTY === true ? REDRAW_MS : PLAIN_MS)) return;
    this.#shownMs = nowMs;
    this.#show();
  }

  end(): void {
    if (this.#screen.isTTY === true) this.#screen.write("\r\u001b[K");
  }

  #line(text: string): void {
    this.#screen.write(this.#screen.isTTY === true ? `\r\u001b[K${text}\n` : `${text}\n`);
  }

  #show(): void {
    const perSecond = this.#done / ((performance.now() - this.#startedMs) / 1_000);
    const failed = this.#failed === 0 ? "" : `, ${count(this.#failed)} with violations`;
    const share = `${count(this.#done)} of ${count(this.#total)} seeds`;
    const text = `${share}${failed}, ${perSecond.toFixed(1)} a second`;
    if (this.#screen.isTTY === true)
      this.#screen.write(`\r\u001b[K${bar(this.#done, this.#total, BAR_WIDTH)} ${text}`);
    else this.#screen.write(`${text}\n`);
  }
}
