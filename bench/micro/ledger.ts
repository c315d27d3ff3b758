/**
 * Transfers of the ledger a second, with checks, limits and remembered ids, beside what nothing could do
 * without: two balances in a map changed by bigints. Conservation is recounted at the end (E1).
 * Run: node bench/micro/ledger.ts [--ms 1000] [--accounts 1000] [--json]
 */
import { localParameters } from "#domain/genesis/profiles.ts";
import { assertRecounted } from "#domain/ledger/conservation.ts";
import { createLedger, tick, transfer, TREASURY } from "#domain/ledger/ledger.ts";
import { TRANSFER_KEPT_MS } from "#domain/ledger/limits.ts";
import { microFlags } from "../support/flags.ts";
import { ratePerSecond } from "../support/rate.ts";
import { tellFigures } from "../support/report.ts";

const { ms, accounts, isJson } = microFlags({ ms: 1_000, accounts: 1_000 });
const PURSE = 1_000_000_000n;
/** Of one turn: then T moves, and ids are forgotten as they age. */
const TOGETHER = 64;
/** So that as many ids are remembered as 10,000 transfers leave. */
const TURN_MS = Math.ceil((TRANSFER_KEPT_MS * TOGETHER) / 10_000);

const names = Array.from({ length: accounts }, (_, at) => `account-${at}`);
const nameOf = (serial: number): string => names[serial % names.length] ?? "";

const state = createLedger(localParameters, PURSE * BigInt(accounts));
for (const to of names) transfer(state, { id: `grant ${to}`, from: TREASURY, to, amount: PURSE });
let serial = 0;
let nowMs = 0;
const ledger = await ratePerSecond({ units: TOGETHER, ms }, () => {
  for (let n = 0; n < TOGETHER; n += 1) {
    serial += 1;
    const order = {
      id: `t${serial}`,
      from: nameOf(serial),
      to: nameOf(serial * 7 + 1),
      amount: 1n,
    };
    if (transfer(state, order).kind !== "done") throw new Error(`transfer ${serial} was refused`);
  }
  nowMs += TURN_MS;
  tick(state, nowMs);
});
assertRecounted(state);

const bare = new Map(names.map((name) => [name, PURSE]));
const add = (name: string, amount: bigint): void =>
  void bare.set(name, (bare.get(name) ?? 0n) + amount);
const floor = await ratePerSecond({ units: TOGETHER, ms }, () => {
  for (let n = 0; n < TOGETHER; n += 1) {
    serial += 1;
    add(nameOf(serial), -1n);
    add(nameOf(serial * 7 + 1), 1n);
  }
});

tellFigures(
  "ledger",
  [
    {
      name: "transfers",
      value: ledger,
      unit: "transfers/s",
      floor: { name: "two balances of a map changed", value: floor },
    },
  ],
  { isJson },
);
