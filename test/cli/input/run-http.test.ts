import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { codes, makeFolder, task, TEAM, worker, type Folder } from "./files.ts";

let folder: Folder;
beforeEach(() => (folder = makeFolder()));
afterEach(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

const read = (run: object) =>
  folder.read([task("t")], { agents: [...TEAM.agents, worker("h", { run })] });
const runOf = async (run: object): Promise<unknown> => {
  const inputs = await read(run);
  if (inputs.kind === "bad") throw new Error(inputs.shown.map((one) => one.sentence).join());
  return inputs.agents.at(-1)?.run;
};
const URL = "http://127.0.0.1:8080/work";

test("an agent behind an address is read with its defaults", async () => {
  expect(await runOf({ http: "https://example.org" })).toEqual({
    kind: "http",
    url: "https://example.org/",
    headers: {},
    plans: false,
  });
});

test("all that can be said of one is read; the secret comes from the environment", async () => {
  vi.stubEnv("TEST_TOKEN", " token-of-the-test\n");
  const start = ["node", "service.mjs"];
  const more = { headers: { "X-Team": "blue" }, health: "/health", plans: true, start };
  expect(await runOf({ http: URL, tokenEnv: "TEST_TOKEN", ...more })).toEqual({
    kind: "http",
    url: URL,
    headers: { "x-team": "blue" },
    token: "token-of-the-test",
    health: "http://127.0.0.1:8080/health",
    plans: true,
    start,
  });
});

test("or from a file beside AGENTS.json", async () => {
  folder.write("token.txt", "token-of-a-file\n");
  expect(await runOf({ http: URL, tokenFile: "token.txt" })).toMatchObject({
    token: "token-of-a-file",
  });
});

test.each<[string, object, string, RegExp]>([
  ["a number", { http: 8080 }, "FIELD_INVALID", /"http" is 8080/],
  ["no address", { http: "somewhere" }, "FIELD_INVALID", /not an http or https address/],
  ["another protocol", { http: "ftp://example.org/" }, "FIELD_INVALID", /not an http/],
  ["a password", { http: "http://me:pw@example.org/" }, "FIELD_INVALID", /user or password/],
  ["a fragment", { http: `${URL}#a` }, "FIELD_INVALID", /fragment/],
  ["port 0", { http: "http://127.0.0.1:0/" }, "FIELD_INVALID", /nothing is started/],
  ["an unknown field", { http: URL, mode: "lines" }, "FIELD_UNKNOWN", /"mode"/],
  ["plans as a word", { http: URL, plans: "yes" }, "FIELD_INVALID", /not true or false/],
  ["a health that is no place", { http: URL, health: "http://" }, "FIELD_INVALID", /"health"/],
  ["headers as a list", { http: URL, headers: ["a"] }, "FIELD_INVALID", /not an object/],
  ["a header of two lines", { http: URL, headers: { a: "b\r\nc: d" } }, "FIELD_INVALID", /a line/],
  ["a header without a name", { http: URL, headers: { "a b": "" } }, "FIELD_INVALID", /no name/],
  [
    "a secret header",
    { http: URL, headers: { Authorization: "Bearer x" } },
    "FIELD_INVALID",
    /secret/,
  ],
  ["our header", { http: URL, headers: { Host: "x" } }, "FIELD_INVALID", /canswarm itself/],
  ["a variable that is not set", { http: URL, tokenEnv: "NO_SUCH" }, "SECRET_MISSING", /NO_SUCH/],
  ["a variable of two lines", { http: URL, tokenEnv: "TWO" }, "SECRET_MISSING", /no secret/],
  ["an empty variable", { http: URL, tokenEnv: "NONE" }, "SECRET_MISSING", /is empty/],
  ["a file that is not there", { http: URL, tokenFile: "no.txt" }, "SECRET_MISSING", /no\.txt/],
  ["two secrets", { http: URL, tokenFile: "a", tokenEnv: "TWO" }, "FIELD_INVALID", /both/],
  ["a start that is a line", { http: URL, start: "node a" }, "FIELD_INVALID", /arguments/],
  ["a start that is nowhere", { http: URL, start: ["no-such"] }, "PROGRAM_MISSING", /no-such/],
])("%s is a bad line", async (_, run, code, sentence) => {
  vi.stubEnv("TWO", "one two");
  vi.stubEnv("NONE", " ");
  const inputs = await read(run);
  expect(codes(inputs)).toEqual([`a.json:1 ${code}`]);
  if (inputs.kind === "bad") expect(inputs.shown[0]?.sentence).toMatch(sentence);
});

test("a bad line never shows the secret", async () => {
  vi.stubEnv("TWO", "hush\nhush");
  expect(JSON.stringify(await read({ http: URL, tokenEnv: "TWO" }))).not.toContain("hush");
});
