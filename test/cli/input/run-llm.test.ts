import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { codes, makeFolder, task, TEAM, worker, type Folder } from "./files.ts";

let folder: Folder;
beforeEach(() => {
  folder = makeFolder();
  folder.write("task.txt", "Add the numbers up.\n");
  folder.write("empty.txt", " \n");
  folder.write("bytes.txt", new Uint8Array([0xff, 0xfe]));
});
afterEach(() => {
  vi.unstubAllEnvs();
  folder.remove();
});

const URL = "http://127.0.0.1:11434/v1";
const least = { baseUrl: URL, model: "tiny" };
const prices = { input: "0.15", output: "0.60" };
const read = (llm: unknown, more: object = {}) =>
  folder.read([task("t")], { agents: [...TEAM.agents, worker("m", { run: { llm, ...more } })] });
const runOf = async (llm: unknown): Promise<unknown> => {
  const inputs = await read(llm);
  if (inputs.kind === "bad") throw new Error(inputs.shown.map((one) => one.sentence).join());
  return inputs.agents.at(-1)?.run;
};

test("a model is read with its defaults", async () => {
  expect(await runOf(least)).toEqual({
    kind: "llm",
    ...least,
    maxTokens: 1_024,
    maxTokensField: "max_tokens",
    stream: true,
    caps: {},
  });
});

test("all that can be said of one is read", async () => {
  vi.stubEnv("TEST_KEY", "key-of-the-test");
  const more = { maxTokens: 200, maxTokensField: "max_completion_tokens", stream: false };
  const llm = {
    ...least,
    ...more,
    apiKeyEnv: "TEST_KEY",
    temperature: 0.5,
    prices,
    budget: { call: "0.01", total: "2", file: "spent.json" },
    prompt: "task.txt",
    health: "models",
    start: ["node", "model.mjs"],
  };
  expect(await runOf({ ...llm, health: "/v1/models" })).toEqual({
    kind: "llm",
    ...least,
    ...more,
    apiKey: "key-of-the-test",
    temperature: 0.5,
    prices: { input: 150_000n, output: 600_000n },
    caps: { call: 10_000n, total: 2_000_000n },
    spendFile: `${folder.path}/spent.json`,
    task: "Add the numbers up.",
    health: "http://127.0.0.1:11434/v1/models",
    start: ["node", "model.mjs"],
  });
});

test.each<[string, unknown, string, RegExp]>([
  ["a name", "gpt", "FIELD_INVALID", /"llm" is "gpt"/],
  ["no address", { model: "tiny" }, "FIELD_MISSING", /baseUrl/],
  ["no model", { baseUrl: URL }, "FIELD_MISSING", /model/],
  ["a key in the file", { ...least, apiKey: "sk-1" }, "FIELD_UNKNOWN", /apiKey/],
  ["a variable that is not set", { ...least, apiKeyEnv: "NO_KEY" }, "SECRET_MISSING", /NO_KEY/],
  ["no tokens", { ...least, maxTokens: 0 }, "FIELD_INVALID", /maxTokens/],
  ["another field of tokens", { ...least, maxTokensField: "n" }, "FIELD_INVALID", /"n"/],
  ["a hot model", { ...least, temperature: 3 }, "FIELD_INVALID", /from 0 to 2/],
  ["half a price", { ...least, prices: { input: "1" } }, "FIELD_MISSING", /output/],
  ["a price as number", { ...least, prices: { ...prices, input: 1 } }, "AMOUNT_INVALID", /1/],
  ["prices as a text", { ...least, prices: "free" }, "FIELD_INVALID", /"free"/],
  ["a budget without prices", { ...least, budget: { total: "1" } }, "FIELD_INVALID", /no prices/],
  [
    "a file that says something else",
    { ...least, prices, budget: { total: "1", file: "task.txt" } },
    "FIELD_INVALID",
    /cannot say what was spent/,
  ],
  ["a file that is none", { ...least, prices, budget: { file: 5 } }, "FIELD_INVALID", /a path/],
  ["an unknown cap", { ...least, prices, budget: { day: "1" } }, "FIELD_UNKNOWN", /day/],
  ["no such prompt", { ...least, prompt: "none.txt" }, "FILE_MISSING", /none\.txt/],
  ["an empty prompt", { ...least, prompt: "empty.txt" }, "FIELD_INVALID", /is empty/],
  ["a prompt of bytes", { ...least, prompt: "bytes.txt" }, "FIELD_INVALID", /not UTF-8/],
  ["a port that nobody tells", { ...least, baseUrl: "http://a:0" }, "FIELD_INVALID", /port 0/],
  ["an unknown field", { ...least, top_p: 1 }, "FIELD_UNKNOWN", /top_p/],
])("%s is a bad line", async (_, llm, code, sentence) => {
  const inputs = await read(llm);
  expect(codes(inputs)).toEqual([`a.json:1 ${code}`]);
  if (inputs.kind === "bad") expect(inputs.shown[0]?.sentence).toMatch(sentence);
});

test("nothing stands beside the model", async () => {
  expect(codes(await read(least, { plans: true }))).toEqual(["a.json:1 FIELD_UNKNOWN"]);
});
