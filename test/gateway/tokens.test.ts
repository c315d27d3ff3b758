import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LOCAL_ACCOUNT, tokenIn, Tokens } from "#gateway/tokens.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "canswarm-tokens-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("the operator's token is made once, kept, and read by its owner alone", () => {
  const first = new Tokens(dir);
  expect(first.operator).toMatch(/^[\w-]{32}$/);
  expect(new Tokens(dir).operator).toBe(first.operator);
  expect(tokenIn(dir)).toBe(first.operator);
  expect(statSync(join(dir, "token")).mode & 0o777).toBe(0o600);
  expect(first.callerOf(`Bearer ${first.operator}`)).toEqual({
    account: LOCAL_ACCOUNT,
    isOperator: true,
  });
});

it("an account's token opens that account after a restart too, and stands in no file", () => {
  const token = new Tokens(dir).open("alice");
  const again = new Tokens(dir);
  expect(again.callerOf(`bearer ${token}`)).toEqual({ account: "alice", isOperator: false });
  expect(again.names).toEqual([LOCAL_ACCOUNT, "alice"]);
  expect(readFileSync(join(dir, "accounts.json"), "utf8")).not.toContain(token);
  expect(statSync(join(dir, "accounts.json")).mode & 0o777).toBe(0o600);
});

it.each(["alice", LOCAL_ACCOUNT])("the name %s is given once", (name) => {
  const tokens = new Tokens(dir);
  if (name === "alice") tokens.open(name);
  expect(() => tokens.open(name)).toThrow(/is open already/);
});

it.each([undefined, "", "Bearer", "Bearer ", "Basic x", "Bearer a b"])(
  "the header %j is no token",
  (header) => expect(() => new Tokens(dir).callerOf(header)).toThrow(/takes a token/),
);
