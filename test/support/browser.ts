/** A real browser for tests: headless, over two pipes (the DevTools protocol), one page at a time. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";

const SCRIPT = join(import.meta.dirname, "../../scripts/browser.mjs");
/** Nothing of it goes anywhere but to the page that is asked for. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--no-zygote",
  "--remote-debugging-pipe",
];
/** How often a page looks whether something holds, ms. */
const LOOK_MS = 10;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #asked = new Map<number, Asked>();
  #rest = "";
  #asks = 0;
  onEvent: (method: string, params: Readonly<Record<string, unknown>>) => void = () => undefined;

  constructor() {
    const path = execFileSync(process.execPath, [SCRIPT], { encoding: "utf8" }).trim();
    this.#profile = mkdtempSync(join(tmpdir(), "canswarm-browser-"));
    const folder = dirname(path);
    this.#child = spawn(path, [...FLAGS, `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...(existsSync(join(folder, "fonts.conf"))
          ? { LD_LIBRARY_PATH: join(folder, "lib"), FONTCONFIG_PATH: folder }
          : {}),
      },
    });
    const out = this.#child.stdio[4] as Readable;
    out.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#child.once("exit", () => {
      for (const { reject } of this.#asked.values()) reject(new Error("the browser has ended"));
    });
  }

  async page(): Promise<Page> {
    const { targetId } = await this.ask<{ targetId: string }>("Target.createTarget", {
      url: "about:blank",
    });
    const { sessionId } = await this.ask<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const page = new Page(this, sessionId);
    for (const domain of ["Page", "Runtime", "Log"]) await page.ask(`${domain}.enable`);
    return page;
  }

  ask<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = (this.#asks += 1);
    const session = sessionId === undefined ? {} : { sessionId };
    const text = JSON.stringify({ id, method, params, ...session });
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: (result) => resolve(result as T), reject });
      (this.#child.stdio[3] as Writable).write(`${text}\0`);
    });
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, "exit");
    // Its own children may be writing still.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  #hear(text: string): void {
    const parts = (this.#rest + text).split("\0");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) {
      const { id, method, params = {}, result, error } = JSON.parse(part) as Message;
      if (id === undefined) {
        this.onEvent(method ?? "", params);
        continue;
      }
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(new Error(error.message));
    }
  }
}

export class Page {
  readonly #browser: Browser;
  readonly #session: string;
  /** What its console told as an error: exceptions, and what its own policy forbade. */
  readonly problems: string[] = [];
  #loaded = (): void => undefined;

  constructor(browser: Browser, session: string) {
    [this.#browser, this.#session] = [browser, session];
    browser.onEvent = (method, params) => {
      if (method === "Page.loadEventFired") this.#loaded();
      if (method === "Runtime.exceptionThrown") this.problems.push(JSON.stringify(params));
      if (method !== "Log.entryAdded") return;
      const { level, text } = params["entry"] as { level: string; text: string };
      if (level === "error") this.problems.push(text);
    };
  }

  ask<T>(method: string, params: object = {}): Promise<T> {
    return this.#browser.ask<T>(method, params, this.#session);
  }

  async goto(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => (this.#loaded = resolve));
    await this.ask("Page.navigate", { url });
    await loaded;
  }

  /** As a screen of this width, in pixels, for a reader who likes it light or dark. */
  async seenOn(width: number, scheme: "light" | "dark"): Promise<void> {
    const screen = { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 };
    await this.ask("Emulation.setDeviceMetricsOverride", screen);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.ask("Emulation.setEmulatedMedia", { features });
  }

  async evaluate<T>(expression: string): Promise<T> {
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.ask<{
      readonly result: { readonly value: T };
      readonly exceptionDetails?: object;
    }>("Runtime.evaluate", asked);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Until the expression holds in the page. */
  async until(expression: string): Promise<void> {
    await this.evaluate(
      `new Promise((resolve) => {
        const look = () => ((${expression}) ? resolve(true) : setTimeout(look, ${LOOK_MS}));
        look();
      })`,
    );
  }

  async screenshot(path: string): Promise<void> {
    const { data } = await this.ask<{ data: string }>("Page.captureScreenshot");
    writeFileSync(path, Buffer.from(data, "base64"));
  }
}
