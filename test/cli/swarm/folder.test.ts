import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliError } from "#cli/errors.ts";
import { checkFolder, markForFaults, openFolder } from "#cli/swarm/folder.ts";
import { localParameters } from "#domain/genesis/profiles.ts";

let place: string;
beforeEach(() => (place = mkdtempSync(join(tmpdir(), "canswarm-folder-"))));
afterEach(() => rmSync(place, { recursive: true }));

const create = { name: "local", parameters: localParameters, nowMs: 0 };
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof CliError) return `${error.exitCode} ${error.code} ${error.message}`;
    throw error;
  }
  return "none";
};

test.each(["file", "file/x"])("a file in the way is refused at %s", (path) => {
  writeFileSync(join(place, "file"), "");
  for (const act of [checkFolder, (dir: string) => openFolder(dir, create), markForFaults])
    expect(refusal(() => act(join(place, path)))).toMatch(
      /^2 DATA_UNUSABLE .*a file is in the way/,
    );
});

test("a folder of other files is refused and left as it is", () => {
  writeFileSync(join(place, "thesis.tex"), "");
  for (const act of [checkFolder, (dir: string) => openFolder(dir, create), markForFaults])
    expect(refusal(() => act(place))).toMatch(/^2 DATA_UNUSABLE .*thesis\.tex/);
  expect(readdirSync(place)).toEqual(["thesis.tex"]);
});

test("one that is empty, not there, half made or a swarm is taken", () => {
  const cutOff = join(place, "cut-off");
  mkdirSync(join(cutOff, "keys"), { recursive: true });
  writeFileSync(join(cutOff, "genesis.cbor.tmp"), "");
  const marked = join(place, "marked");
  markForFaults(marked);
  const empty = join(place, "empty");
  mkdirSync(empty);
  for (const dir of [cutOff, marked, empty, join(place, "not", "there")]) {
    expect(refusal(() => openFolder(dir, create))).toBe("none");
    expect(existsSync(join(dir, "genesis.cbor"))).toBe(true);
    expect(refusal(() => checkFolder(dir))).toBe("none");
  }
});
