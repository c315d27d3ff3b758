/**
 * Fuel in the body of one function: at its entry and at the head of each loop stands the price of what
 * follows, one for each instruction up to the next such place. Instructions of a branch not taken are
 * paid too, so the price depends on the path alone and never on the machine.
 *
 * Known are the instructions of WebAssembly 1.0, sign extension and saturating conversion. Bulk memory,
 * threads, vectors, references, exceptions and tail calls are refused: their price is not one.
 */

import { NESTING_MAX } from "../limits.ts";
import { type Reader, Refused, joined, s64, u32 } from "./bytes.ts";

const LOCALS_MAX = 10_000;
const VALUE_TYPES_FROM = 0x7c;
const VALUE_TYPES_TO = 0x7f;
/** Alignments are powers up to 2^3; larger fields say other things in later versions. */
const ALIGN_MAX = 3;
const SATURATING_MAX = 7;

const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  callIndirect: 0x11,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i64LessSigned: 0x53,
  i64Subtract: 0x7d,
  unreachable: 0x00,
  prefix: 0xfc,
} as const;
const EMPTY_BLOCK = 0x40;

/** global = global − price; if it is below 0, trap. */
const charge = (fuelGlobal: number, price: number): number[] => [
  op.globalGet,
  ...u32(fuelGlobal),
  op.i64Const,
  ...s64(BigInt(price)),
  op.i64Subtract,
  op.globalSet,
  ...u32(fuelGlobal),
  op.globalGet,
  ...u32(fuelGlobal),
  op.i64Const,
  ...s64(0n),
  op.i64LessSigned,
  op.if,
  EMPTY_BLOCK,
  op.unreachable,
  op.end,
];

const isPlain = (code: number): boolean =>
  code <= 0x01 || // unreachable, nop
  code === 0x0f || // return
  code === 0x1a || // drop
  code === 0x1b || // select
  (code >= 0x45 && code <= 0xc4); // comparisons, arithmetic, conversions, sign extension

/** Passes over what belongs to one instruction. */
const skipImmediates = (code: number, body: Reader, fuelGlobal: number): void => {
  if (isPlain(code) || code === op.else || code === op.end) return;
  if (code === op.block || code === op.loop || code === op.if || code === op.i32Const)
    return body.skipSigned();
  if (code === op.i64Const) return body.skipSigned();
  if (code === op.f32Const) return body.skip(4);
  if (code === op.f64Const) return body.skip(8);
  if (code === op.br || code === op.brIf || code === op.call) return void body.u32();
  if (code >= 0x20 && code <= 0x22) return void body.u32(); // local.get, local.set, local.tee
  if (code === op.globalGet || code === op.globalSet) {
    if (body.u32() >= fuelGlobal) throw new Refused("it uses a global that it does not have");
    return;
  }
  if (code === op.brTable) {
    for (let left = body.u32(); left >= 0; left -= 1) body.u32();
    return;
  }
  if (code === op.callIndirect) {
    body.u32();
    if (body.byte() !== 0) throw new Refused("it uses a second table");
    return;
  }
  if (code >= 0x28 && code <= 0x3e) {
    if (body.u32() > ALIGN_MAX) throw new Refused("it uses a second memory");
    return void body.u32();
  }
  if (code === 0x3f || code === 0x40) {
    if (body.byte() !== 0) throw new Refused("it uses a second memory");
    return;
  }
  if (code === op.prefix && body.u32() <= SATURATING_MAX) return;
  throw new Refused(`it uses the instruction 0x${code.toString(16)}, whose price is not known`);
};

const countLocals = (body: Reader): number => {
  let count = 0;
  for (let groups = body.u32(); groups > 0; groups -= 1) {
    count += body.u32();
    const type = body.byte();
    if (type < VALUE_TYPES_FROM || type > VALUE_TYPES_TO)
      throw new Refused("it has a local variable of a kind that is not known");
    if (count > LOCALS_MAX) throw new Refused(`a function has more than ${LOCALS_MAX} variables`);
  }
  return count;
};

/** The same body, paying. `body` begins at its local variables. */
export const meterBody = (body: Reader, fuelGlobal: number): Uint8Array => {
  const start = body.at;
  const locals = countLocals(body);
  const parts: (Uint8Array | readonly number[])[] = [body.bytes.subarray(start, body.at)];
  /** Each open block, and the place in `parts` where a loop or the function pays. */
  const blocks: { readonly priceAt: number; readonly isPayer: boolean }[] = [];
  const prices = new Map<number, number>();
  const openPayer = (price: number): void => {
    prices.set(parts.length, price);
    blocks.push({ priceAt: parts.length, isPayer: true });
    parts.push([]);
  };
  openPayer(locals + 1);
  let from = body.at;
  while (blocks.length > 0) {
    const { priceAt } = blocks.at(-1)!;
    const code = body.byte();
    skipImmediates(code, body, fuelGlobal);
    prices.set(priceAt, prices.get(priceAt)! + 1);
    if (code === op.block || code === op.if) blocks.push({ priceAt, isPayer: false });
    else if (code === op.loop) {
      parts.push(body.bytes.subarray(from, body.at));
      from = body.at;
      openPayer(1);
    } else if (code === op.end) blocks.pop();
    if (blocks.length > NESTING_MAX)
      throw new Refused(`its blocks are nested more than ${NESTING_MAX} deep`);
  }
  if (!body.isDone) throw new Refused("a function goes on after its end");
  parts.push(body.bytes.subarray(from, body.at));
  for (const [at, price] of prices) parts[at] = charge(fuelGlobal, price);
  return joined(parts);
};
