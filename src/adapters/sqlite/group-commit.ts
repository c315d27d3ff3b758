/**
 * Group commit: changes that arrive while a transaction runs share the next one, so that one fsync
 * serves all of them. A change waits at most for the transaction in hand and its own.
 */
/** Changes of one transaction; more wait for the next. Bounds how long one fsync keeps others waiting. */
export const GROUP_CHANGES_MAX = 1_024;

/** What takes the groups: all changes in one transaction, one answer per change, in that order. */
interface Core<Change, Changed> {
  changeSync(changes: readonly Change[]): readonly Changed[];
  close(): void;
}

interface Waiting<Change, Changed> {
  readonly change: Change;
  readonly resolve: (changed: Changed) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Change, Changed> {
  readonly #core: Core<Change, Changed>;
  #waiting: Waiting<Change, Changed>[] = [];
  #scheduled = false;

  constructor(core: Core<Change, Changed>) {
    this.#core = core;
  }

  submit(change: Change): Promise<Changed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      this.#schedule();
    });
  }

  /** Everything handed over so far is answered before this returns; then the folder is given up. */
  close(): void {
    while (this.#waiting.length > 0) this.#flush();
    this.#core.close();
  }

  /** After the I/O phase of this loop turn, when every port has delivered what it had. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #flush(): void {
    const group = this.#waiting.splice(0, GROUP_CHANGES_MAX);
    if (group.length === 0) return;
    try {
      const changed = this.#core.changeSync(group.map(({ change }) => change));
      for (const [at, waiting] of group.entries()) waiting.resolve(changed[at]!);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
