/**
 * Meter: a WebAssembly module of somebody else, made into one that pays for what it does.
 *
 * M1  Each function's entry and each round of a loop takes fuel from a global that the module cannot
 *     name; below zero it traps. The same module with the same input takes the same fuel everywhere.
 * M2  Its memory grows no further than the cap, whatever it declares.
 * M3  It imports nothing but two functions, exports no more than it has, and does nothing before it is
 *     called: no start function.
 * M4  What is not understood is refused.
 */

import { FUNCTIONS_MAX, MODULE_BYTES_MAX, TABLE_ENTRIES_MAX } from "../limits.ts";
import { Reader, Refused, joined, s64, u32 } from "./bytes.ts";
import { meterBody } from "./code.ts";

export const PAGE_BYTES = 65_536;
/** Under this name the metered module shows what is left of its fuel. */
export const FUEL_EXPORT = "canswarm fuel";
/** The module and the functions that may be imported (t0-thread.ts has them). */
export const IMPORT_MODULE = "canswarm";
export const IMPORT_NAMES: readonly string[] = ["read", "write"];

export type Metered =
  | { readonly kind: "ok"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "refused"; readonly why: string; readonly isMemory: boolean };

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const ID = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;
const I64 = 0x7e;
const MUTABLE = 0x01;
const I64_CONST = 0x42;
const END = 0x0b;
const KIND_FUNCTION = 0;
const KIND_GLOBAL = 3;
const FUNCREF = 0x70;

const readSections = (bytes: Uint8Array): Map<number, Reader> => {
  if (bytes.length > MODULE_BYTES_MAX) throw new Refused("it is larger than 1 MiB");
  if (MAGIC.some((byte, at) => bytes[at] !== byte))
    throw new Refused("it is no module of version 1");
  const reader = new Reader(bytes, MAGIC.length);
  const sections = new Map<number, Reader>();
  let last = 0;
  while (!reader.isDone) {
    const id = reader.byte();
    const section = reader.part(reader.u32());
    if (id === ID.custom || id === ID.dataCount) continue; // nothing that is run
    if (id > ID.data) throw new Refused(`it has a section of the unknown kind ${id}`);
    if (id === ID.start) throw new Refused("it has a start function"); // M3
    if (id <= last) throw new Refused("its sections are out of order");
    last = id;
    sections.set(id, section);
  }
  return sections;
};

const checkImports = (section: Reader): void => {
  for (let left = section.u32(); left > 0; left -= 1) {
    const [module, name] = [section.text(), section.text()];
    if (
      module !== IMPORT_MODULE ||
      !IMPORT_NAMES.includes(name) ||
      section.byte() !== KIND_FUNCTION
    )
      throw new Refused(`it imports ${JSON.stringify(`${module}.${name}`)}`);
    section.u32();
  }
};

const checkTypes = (section: Reader): void => {
  for (let left = section.u32(); left > 0; left -= 1) {
    if (section.byte() !== 0x60) throw new Refused("it declares a type that is no function");
    section.skip(section.u32());
    section.skip(section.u32());
  }
};

const checkTable = (section: Reader): void => {
  const count = section.u32();
  if (count === 0) return;
  if (count > 1 || section.byte() !== FUNCREF || section.byte() > 1)
    throw new Refused("it declares a table of a kind that is not known");
  if (section.u32() > TABLE_ENTRIES_MAX)
    throw new Refused(`its table has more than ${TABLE_ENTRIES_MAX} entries`);
};

/** M2: the same memory with a maximum that is no more than the cap. */
const capMemory = (section: Reader, pagesMax: number): Uint8Array => {
  const count = section.u32();
  if (count === 0) return joined([u32(0)]);
  const flags = section.byte();
  if (count > 1 || flags > 1) throw new Refused("it declares a memory of a kind that is not known");
  const least = section.u32();
  if (least > pagesMax) throw new Refused(`it wants ${least} pages of memory at once`, true);
  const most = flags === 1 ? Math.min(section.u32(), pagesMax) : pagesMax;
  return joined([u32(1), [0x01], u32(least), u32(Math.max(most, least))]);
};

const addGlobal = (section: Reader | undefined, fuel: bigint) => {
  const count = section?.u32() ?? 0;
  const entry = [I64, MUTABLE, I64_CONST, ...s64(fuel), END];
  return { count, bytes: joined([u32(count + 1), section?.rest() ?? [], entry]) };
};

const addExport = (section: Reader | undefined, fuelGlobal: number): Uint8Array => {
  const count = section?.u32() ?? 0;
  const rest = section?.rest() ?? [];
  for (let left = count; section !== undefined && left > 0; left -= 1) {
    if (section.text() === FUEL_EXPORT) throw new Refused("it exports the name of the fuel");
    const kind = section.byte();
    if (section.u32() >= fuelGlobal && kind === KIND_GLOBAL)
      throw new Refused("it exports a global that it does not have"); // M1
  }
  const name = new TextEncoder().encode(FUEL_EXPORT);
  return joined([u32(count + 1), rest, u32(name.length), name, [KIND_GLOBAL], u32(fuelGlobal)]);
};

const meterCode = (section: Reader, fuelGlobal: number): Uint8Array => {
  const count = section.u32();
  if (count > FUNCTIONS_MAX) throw new Refused(`it has more than ${FUNCTIONS_MAX} functions`);
  const parts: (Uint8Array | readonly number[])[] = [u32(count)];
  for (let left = count; left > 0; left -= 1) {
    const body = meterBody(section.part(section.u32()), fuelGlobal);
    parts.push(u32(body.length), body);
  }
  return joined(parts);
};

const build = (bytes: Uint8Array, fuel: bigint, memoryBytes: number): Uint8Array<ArrayBuffer> => {
  const sections = readSections(bytes);
  const again = (id: number): Reader | undefined => sections.get(id);
  const types = again(ID.type);
  if (types !== undefined) checkTypes(new Reader(types.bytes, types.at, types.end));
  const imports = again(ID.import);
  if (imports !== undefined) checkImports(new Reader(imports.bytes, imports.at, imports.end));
  const table = again(ID.table);
  if (table !== undefined) checkTable(new Reader(table.bytes, table.at, table.end));
  const global = addGlobal(again(ID.global), fuel);
  const memory = again(ID.memory);
  const code = again(ID.code);
  const made = new Map<number, Uint8Array>([...sections].map(([id, part]) => [id, part.rest()]));
  made.set(ID.global, global.bytes);
  made.set(ID.export, addExport(again(ID.export), global.count));
  if (memory !== undefined)
    made.set(ID.memory, capMemory(memory, Math.floor(memoryBytes / PAGE_BYTES)));
  if (code !== undefined) made.set(ID.code, meterCode(code, global.count));
  const ordered = [...made].sort(([a], [b]) => a - b);
  const whole = joined([MAGIC, ...ordered.flatMap(([id, part]) => [[id], u32(part.length), part])]);
  return new Uint8Array(whole);
};

/** The module with fuel and cap, or why it cannot be run. Its validity is the engine's to check. */
export const meter = (
  bytes: Uint8Array,
  limits: { readonly fuel: bigint; readonly memoryBytes: number },
): Metered => {
  try {
    return { kind: "ok", bytes: build(bytes, limits.fuel, limits.memoryBytes) };
  } catch (error) {
    if (error instanceof Refused)
      return { kind: "refused", why: error.message, isMemory: error.isMemory };
    if (error instanceof TypeError)
      return { kind: "refused", why: "a name in it is not UTF-8", isMemory: false };
    throw error;
  }
};
