/**
 * Progress of a run, on standard error: a few lines that redraw themselves on a terminal, plain lines
 * where it is piped. It is told events and never asks; it owns no timer.
 */

import {
  bar,
  clean,
  COLUMNS_DEFAULT,
  count,
  cutEnd,
  cutStart,
  milliseconds,
  palette,
  type Palette,
} from "./display.ts";

export type ProgressEvent =
  | { readonly kind: "posted"; readonly id: string }
  | {
      readonly kind: "ended";
      readonly id: string;
      readonly outcome: string;
      readonly worker?: string;
      readonly attempts: number;
      readonly latencyMs: number;
    }
  /** Every need has ended; their logs are read for the summary, which takes a while where they are many. */
  | { readonly kind: "reading" }
  /** Needs that had ended before this run began. */
  | { readonly kind: "resumed"; readonly count: number }
  /** Something that people should know: a restart, a recovery, a program that fails. */
  | { readonly kind: "note"; readonly text: string };

export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressOptions {
  readonly total: number;
  readonly nowMs: () => number;
  readonly color: boolean;
}

/** A terminal is redrawn at most this often. */
const REDRAW_MS = 100;
/** Runs up to this many needs get a line each when piped; larger ones a line each second. */
const EACH_NEED_MAX = 100;
const PLAIN_MS = 1_000;
const RECENT_LINES = 4;
const BAR_WIDTH = 30;
const ID_UNITS_MIN = 12;
const CLEAR_BELOW = "\u001b[0J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\r`);

export class Progress {
  readonly #screen: Screen;
  readonly #options: ProgressOptions;
  readonly #colors: Palette;
  readonly #startedMs: number;
  readonly #outcomes = new Map<string, number>();
  readonly #recent: string[] = [];
  #before = 0;
  #posted = 0;
  #ended = 0;
  #drawnLines = 0;
  #drawnMs = -Infinity;
  #isReading = false;

  constructor(screen: Screen, options: ProgressOptions) {
    this.#screen = screen;
    this.#options = options;
    this.#colors = palette(options.color && screen.isTTY === true);
    this.#startedMs = options.nowMs();
  }

  on(event: ProgressEvent): void {
    if (event.kind === "posted") this.#posted += 1;
    if (event.kind === "resumed") {
      this.#posted += event.count;
      this.#ended += event.count;
      this.#before += event.count;
      this.#outcomes.set("from before", event.count);
    }
    if (event.kind === "ended") {
      this.#ended += 1;
      this.#outcomes.set(event.outcome, (this.#outcomes.get(event.outcome) ?? 0) + 1);
    }
    if (event.kind === "reading") this.#isReading = true;
    const line = this.#lineOf(event);
    if (this.#screen.isTTY === true) this.#show(line);
    else this.#print(event, line);
  }

  /** The last picture stays; nothing is drawn after it. */
  finish(): void {
    if (this.#screen.isTTY === true) this.#draw();
    else if (this.#options.total > EACH_NEED_MAX && !this.#isReading)
      this.#screen.write(`${this.#status()}\n`);
    this.#drawnLines = 0;
  }

  #lineOf(event: ProgressEvent): string | undefined {
    const { good, bad, dim } = this.#colors;
    switch (event.kind) {
      case "posted":
        return undefined;
      case "note":
        return clean(event.text);
      case "reading":
        return this.#options.total > EACH_NEED_MAX
          ? "all have ended: reading their logs"
          : undefined;
      case "resumed":
        return `${count(event.count)} ended in an earlier run`;
      case "ended": {
        const paint = event.outcome === "finalized" ? good : bad;
        const who = event.worker === undefined ? "" : ` ${clean(event.worker)}`;
        const took = milliseconds(event.latencyMs);
        const retold = event.attempts > 1 ? `  attempt ${event.attempts}` : "";
        const id = clean(event.id);
        const rest = `${clean(event.outcome)}${who}    ${took}${retold}`.length;
        const fitting = this.#screen.isTTY === true ? cutStart(id, this.#room(rest)) : id;
        return `${paint(clean(event.outcome))}${who}  ${fitting}  ${took}${dim(retold)}`;
      }
    }
  }

  /** What is left for an id on a line of the terminal. */
  #room(taken: number): number {
    return Math.max(ID_UNITS_MIN, (this.#screen.columns ?? COLUMNS_DEFAULT) - 1 - taken);
  }

  /* ----------------------------------------------------------------- piped */

  #print(event: ProgressEvent, line: string | undefined): void {
    if (line === undefined) return;
    const { total, nowMs } = this.#options;
    if (event.kind === "reading") this.#screen.write(`${this.#status()}\n${line}\n`);
    else if (event.kind === "note" || event.kind === "resumed") this.#screen.write(`${line}\n`);
    else if (total <= EACH_NEED_MAX) {
      const width = String(total).length;
      this.#screen.write(`[${String(this.#ended).padStart(width)}/${total}] ${line}\n`);
    } else if (nowMs() - this.#drawnMs >= PLAIN_MS) {
      this.#drawnMs = nowMs();
      this.#screen.write(`${this.#status()}\n`);
    }
  }

  /* -------------------------------------------------------------- terminal */

  #show(line: string | undefined): void {
    if (line !== undefined) this.#recent.push(line);
    if (this.#recent.length > RECENT_LINES) this.#recent.shift();
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#drawnMs < REDRAW_MS && this.#ended < this.#options.total) return;
    this.#drawnMs = nowMs;
    this.#draw();
  }

  #draw(): void {
    const columns = this.#screen.columns ?? COLUMNS_DEFAULT;
    const { total } = this.#options;
    const { bold } = this.#colors;
    const lines = [
      `${bold(bar(this.#ended, total, BAR_WIDTH))} ${count(this.#ended)}/${count(total)}`,
      cutEnd(this.#status(), columns - 1),
      ...this.#recent.map((line) => cutPainted(line, columns - 1)),
    ];
    this.#screen.write(`${up(this.#drawnLines)}${CLEAR_BELOW}${lines.join("\n")}\n`);
    this.#drawnLines = lines.length;
  }

  #status(): string {
    const seconds = Math.max(0.001, (this.#options.nowMs() - this.#startedMs) / 1_000);
    const outcomes = [...this.#outcomes].map(([outcome, n]) => `${count(n)} ${outcome}`).join(", ");
    const open = this.#posted - this.#ended;
    const rate = (this.#ended - this.#before) / seconds;
    return `${outcomes || "none ended yet"}, ${count(Math.max(0, open))} open, ${rate.toFixed(1)} needs/s`;
  }
}

// oxlint-disable-next-line no-control-regex -- these are our own colours
const PAINT = /(\u001b\[\d+m)/;

/** Cuts to a visible width; a line that wraps would break the redrawing. */
const cutPainted = (line: string, width: number): string => {
  let left = width;
  return line
    .split(PAINT)
    .map((part) => {
      if (PAINT.test(part)) return part;
      const cut = part.length <= left ? part : left > 0 ? cutEnd(part, left) : "";
      left -= cut.length;
      return cut;
    })
    .join("");
};
