/**
 * A canary is the swarm with one promise broken on purpose. The checkers must notice it within a stated
 * number of seeds; one that sings unheard shows that a checker proves nothing.
 *
 * Canaries stand outside the product: they wrap what the world is put together from (the application,
 * the store as a host reaches it, the store's own rule) or replace one named method for one run.
 */

import type { Blocks } from "#ports/blocks.ts";
import type { judge } from "#ports/commit-rules.ts";
import type { Store } from "#ports/store.ts";
import type { ActorKind, Application, Turn } from "#runtime/bucket/application.ts";
import type { Observation } from "../checkers/observation.ts";
import type { SimDisk } from "../world/store.ts";

export interface Canary {
  readonly name: string;
  /** What is broken, one sentence. */
  readonly what: string;
  /** Any of these properties broken means that it was heard. */
  readonly properties: readonly string[];
  /** Only worlds with this many supervisors show it; undefined: all. */
  readonly supervisors?: "one" | "several";
  readonly application?: (app: Application) => Application;
  /** `after` runs by true time of the world. */
  readonly store?: (
    store: Store & Blocks,
    after: (delayMs: number, run: () => void) => void,
  ) => Store & Blocks;
  readonly rule?: typeof judge;
  readonly disk?: (disk: SimDisk) => void;
  /** How much faster the supervisors' clocks run than true time says. */
  readonly clockFactor?: number;
  /** What is seen of the run after its end. */
  readonly observation?: (seen: Observation) => Observation;
  /** Replaces methods for one run; returns what puts them back. */
  readonly patch?: () => () => void;
}

/** A turn in which some methods do something else. */
export const turnWith = (turn: Turn, changed: Partial<Turn>): Turn =>
  new Proxy(turn, {
    get: (target, key) => {
      const own: unknown = Reflect.get(changed, key);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** The application with one kind of actor changed. */
export const withKind = (
  app: Application,
  name: string,
  change: (kind: ActorKind) => Partial<ActorKind>,
): Application => {
  const kind = app.kinds[name];
  if (kind === undefined) throw new Error(`no actor is called ${name}`);
  return { ...app, kinds: { ...app.kinds, [name]: { ...kind, ...change(kind) } } };
};

/** Every handler of this kind of actor gets a turn that is changed so. */
export const withTurns = (
  app: Application,
  name: string,
  change: (turn: Turn) => Partial<Turn>,
): Application =>
  withKind(app, name, (kind) => ({
    perform: (command, actor, turn) => kind.perform(command, actor, turnWith(turn, change(turn))),
    answered: (asked, answer, actor, turn) =>
      kind.answered(asked, answer, actor, turnWith(turn, change(turn))),
  }));
