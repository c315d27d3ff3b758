/** A process that opens the journal, appends one record, says so and then waits to be killed. */
import { openJournalInThread } from "#adapters/sqlite/journal.ts";
import { chainOf } from "../../contracts/records.ts";

const journal = openJournalInThread(process.argv[2]!);
await journal.append(chainOf(1, "kept"));
process.stdout.write("acknowledged\n");
setInterval(() => {}, 60_000);
