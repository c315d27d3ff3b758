/** A need of a running supervisor in sentences, as its entries come over HTTP. */

import type { Api } from "#agent/http/api.ts";
import type { NeedEvent } from "#agent/sdk/requester.ts";
import { milliseconds } from "../display.ts";
import { sentenceOf, type Context, type Told } from "../audit/sentences.ts";

interface Entry extends NeedEvent {
  readonly id?: string;
}

/** Tells entries one after another: what was said before is remembered, for what follows from it. */
export class Teller {
  readonly #names: ReadonlyMap<string, string>;
  readonly #said = new Map<string, Told>();
  #firstMs: number | undefined;

  private constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  static async with(api: Api): Promise<Teller> {
    const { agents } = await api.get<{ agents: readonly { did: string; name: string }[] }>(
      "/v1/agents",
    );
    return new Teller(new Map(agents.map(({ did, name }) => [did, name])));
  }

  /** Undefined for what tells nothing by itself. */
  tell(entry: Entry): string | undefined {
    this.#firstMs ??= entry.atMs;
    if (entry.id !== undefined) this.#said.set(entry.id, entry);
    const context: Context = {
      nameOf: (did) => this.#names.get(did) ?? did,
      said: (id) => this.#said.get(id),
    };
    const sentence = sentenceOf(entry, context);
    if (sentence === undefined) return undefined;
    const at = `+${milliseconds(entry.atMs - this.#firstMs)}`.padStart(AT_COLUMNS);
    return `${at}  ${sentence}`;
  }
}

const AT_COLUMNS = 9;
