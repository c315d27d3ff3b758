/**
 * Spend file: what an agent has spent, kept over restarts. Before each request the file holds all that is
 * spent and reserved, so a process that dies in the middle has spent the worst case, never less.
 *
 * Agents of one process that name the same file share what it holds. Two processes must not.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { formatCredits, parseCredits } from "#protocol/amount.ts";
import { Account, type Total } from "./budget.ts";
import type { Micro } from "./spec.ts";

const FORM = '{"spent": "0.25"}';

/** What the file says; 0 where there is none yet. Throws where it cannot be read as what it should be. */
export const readSpent = (path: string): Micro => {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return 0n;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`it is not of the form ${FORM}`);
  }
  const spent = (value as { readonly spent?: unknown } | null)?.spent;
  const micro = typeof spent === "string" ? parseCredits(spent) : undefined;
  if (micro === undefined) throw new Error(`it is not of the form ${FORM}`);
  return micro;
};

export interface SpendFile extends Total {
  /** Let go of it; once nobody holds it, the next one to open it reads it again. */
  readonly close: () => void;
}

const opened = new Map<string, { readonly total: Total; holders: number }>();

/** The account that the file at this absolute path holds. Throws as `readSpent`. */
export const openSpendFile = (path: string): SpendFile => {
  const held = opened.get(path) ?? { total: totalIn(path), holders: 0 };
  held.holders += 1;
  opened.set(path, held);
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    held.holders -= 1;
    if (held.holders === 0) opened.delete(path);
  };
  return { ...held.total, close };
};

const totalIn = (path: string): Total => {
  const account = new Account(readSpent(path));
  const keep = (): void => {
    const text = `${JSON.stringify({ spent: formatCredits(account.spent + account.reserved) })}\n`;
    writeFileSync(`${path}.new`, text, { flush: true });
    renameSync(`${path}.new`, path); // all of it or nothing
  };
  return { account, keep };
};
