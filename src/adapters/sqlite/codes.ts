/** SQLite's primary result codes, as far as the store tells them apart. https://sqlite.org/rescode.html */

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/** The primary code: the low byte of the extended one. 0 for anything that SQLite did not throw. */
const codeOf = (error: unknown): number =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : 0;

export const isSqlite = (error: unknown): boolean => codeOf(error) !== 0;
export const isBusy = (error: unknown): boolean => [BUSY, LOCKED].includes(codeOf(error));
export const isFull = (error: unknown): boolean => codeOf(error) === FULL;
export const isCorrupt = (error: unknown): boolean =>
  [CORRUPT, NOT_A_DATABASE].includes(codeOf(error));
