import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSettings } from "#cli/settings.ts";

let folder = "";
let files = 0;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "canswarm-settings-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (text: string) => {
  files += 1;
  const path = join(folder, `config-${files}.mjs`);
  writeFileSync(path, text);
  return loadSettings(path);
};

const tree = (more = "") =>
  `{ name: "canswarm", strategy: "one-for-one", children: [{ name: "host", threads: 1 ${more} }] }`;

describe("settings", () => {
  it("the package's own have as many host threads as the tree says", async () => {
    const { hosts, tree: own } = await loadSettings(undefined);
    expect(own.children).toMatchObject([{ name: "host", threads: hosts }]);
  });

  it("a file anywhere is plain data; what it leaves out has the default", async () => {
    const settings = await load(
      `export default { hosts: 1, tree: ${tree()}, parameters: { voteMs: 5000 } };`,
    );
    expect(settings.tree.children).toMatchObject([{ restart: "always", restartsMax: 3 }]);
    expect(settings.parameters).toMatchObject({ profile: "local", voteMs: 5_000 });
  });

  it("memory for speed is the operator's word, or nobody's", async () => {
    const settings = (more: string) =>
      load(`export default { hosts: 1, tree: ${tree()}, ${more} };`);
    expect(await settings("")).not.toHaveProperty("youngMib");
    expect(await settings("youngMib: 64")).toMatchObject({ youngMib: 64 });
  });

  it.each([
    ["no young generation", `{ hosts: 1, tree: ${tree()}, youngMib: 0 }`, "youngMib is"],
    ["a part of a MiB", `{ hosts: 1, tree: ${tree()}, youngMib: 1.5 }`, "from 1 to 1024"],
    ["too large a one", `{ hosts: 1, tree: ${tree()}, youngMib: 1025 }`, "from 1 to 1024"],
    ["words", `{ hosts: 1, tree: ${tree()}, youngMib: "8" }`, "youngMib is"],
    ["no hosts", `{ tree: ${tree()} }`, "needs `tree` and `hosts`"],
    ["hosts beside the tree", `{ hosts: 2, tree: ${tree()} }`, "one child `host`"],
    ["an unknown field", `{ hosts: 1, tree: ${tree(", restarts: 1")} }`, "CONFIG_UNKNOWN_FIELD"],
    ["an unknown parameter", `{ hosts: 1, tree: ${tree()}, parameters: { x: 1 } }`, "parameters.x"],
    ["a throw", "(() => { throw new Error('no such disk'); })()", "no such disk"],
  ])("%s is CONFIG_INVALID with the reason", async (_, text, reason) => {
    await expect(load(`export default ${text};`)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      exitCode: 2,
      message: expect.stringContaining(reason) as string,
    });
  });
});

describe("a cluster's streams", () => {
  const cluster = (nats: string) =>
    load(`export default { hosts: 1, tree: ${tree()}, cluster: {
      etcd: { endpoints: ["http://127.0.0.1:1"] }, nats: { servers: ["127.0.0.1:1"], ${nats} } } };`);

  it("have as much room as the servers, or as much as is said", async () => {
    expect((await cluster("")).cluster?.nats).not.toHaveProperty("streamBytesMax");
    const { cluster: said } = await cluster("streamBytesMax: 100 * 2 ** 30");
    expect(said?.nats.streamBytesMax).toBe(107_374_182_400);
  });

  it.each(["0", "-1", "1.5", '"8GiB"', "NaN", "Infinity", "2 ** 60", "2 ** 26 - 1", "null"])(
    "%s is no room",
    async (given) => {
      const told = "cluster.nats.streamBytesMax: takes a whole number of bytes from 67108864";
      await expect(cluster(`streamBytesMax: ${given}`)).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        message: expect.stringContaining(told) as string,
      });
    },
  );
});
