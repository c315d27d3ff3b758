/** A process that opens the folder, commits one record, says so and then waits to be killed. */
import { SqliteStoreCore } from "#adapters/sqlite/store.ts";
import { writeOn } from "../../contracts/store.ts";

const core = SqliteStoreCore.open(process.argv[2]!);
const [lead] = core.changeSync([{ kind: "lead", buckets: [1] }]);
if (lead?.kind !== "lead") throw new Error("not led");
const [outcome] = core.commitSync([writeOn(core.head(1), lead.epoch, ["acknowledged"])]);
process.stdout.write(`${outcome!.kind}\n`);
setInterval(() => {}, 60_000);
