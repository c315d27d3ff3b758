import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examine, renderFindings } from "#cli/commands/doctor.ts";
import { renderMachines } from "#cli/commands/machines.ts";
import { MACHINES } from "#machines/catalogue.ts";

let dir = "";
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), "canswarm-doctor-"))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("doctor", () => {
  it("measures the disk of the folder it is given and leaves nothing in it", async () => {
    const findings = await examine({ data: dir });
    expect(findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["node", "signatures", "store", "disk", "cores", "memory", "etcd"]),
    );
    expect(findings.find(({ name }) => name === "store")?.health).toBe("ok");
    expect(findings.find(({ name }) => name === "disk")?.found).toMatch(/^[\d,]+ fdatasyncs/);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("has a remedy for everything that is not ok", async () => {
    const file = join(dir, "file");
    writeFileSync(file, "");
    const findings = await examine({ data: join(file, "below") });
    expect(findings.find(({ name }) => name === "store")?.health).toBe("failed");
    for (const { health, remedy } of findings)
      expect(remedy === undefined, health).toBe(health === "ok");
    rmSync(file);
  });

  it("shows each finding on a line and its remedy below", () => {
    const text = renderFindings(
      [
        { name: "node", health: "ok", found: "Node 24.1.0" },
        { name: "etcd", health: "absent", found: "not here", remedy: "bring it" },
      ],
      { width: 80, color: false },
    );
    expect(text).toBe(
      "node  ok      Node 24.1.0\netcd  absent  not here\n              bring it\n",
    );
  });
});

describe("machines", () => {
  it("as JSON holds every machine, or the one that is named", () => {
    expect(Object.keys(JSON.parse(renderMachines(undefined, "json")))).toEqual(
      Object.keys(MACHINES),
    );
    expect(JSON.parse(renderMachines("lease", "json"))).toMatchObject({ id: "lease" });
  });

  it("as Mermaid is one diagram, or a page of all", () => {
    expect(renderMachines("lease", "mermaid")).toMatch(/^stateDiagram-v2\n/);
    expect(renderMachines(undefined, "mermaid").match(/^## /gm)).toHaveLength(
      Object.keys(MACHINES).length,
    );
  });

  it("refuses a format it does not know", () => {
    expect(() => renderMachines(undefined, "svg")).toThrow("--format takes mermaid or json");
  });
});
