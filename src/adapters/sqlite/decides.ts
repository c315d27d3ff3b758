/** The decide keys of a folder, read beside whoever has it open. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** By bucket, in the order of the keys. */
export const decideKeysIn = (dir: string): ReadonlyMap<number, readonly string[]> => {
  const database = new DatabaseSync(join(dir, "canswarm.db"), { readOnly: true });
  try {
    const keys = new Map<number, string[]>();
    for (const row of database.prepare("SELECT bucket, key FROM decides ORDER BY key").iterate()) {
      const bucket = Number(row["bucket"]);
      keys.set(bucket, [...(keys.get(bucket) ?? []), String(row["key"])]);
    }
    return keys;
  } finally {
    database.close();
  }
};
