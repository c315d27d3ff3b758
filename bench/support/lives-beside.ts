/** A process of lives.ts: `node lives-beside.ts DIR OPEN`, told over its channel how long to run, in ms. */

import { Lives } from "./lives.ts";

const [dir, open] = process.argv.slice(2);
if (dir === undefined || !(Number(open) > 0)) throw new Error("usage: lives-beside.ts DIR OPEN");
const lives = await Lives.open(dir, Number(open));
process.on("message", (ms: number) => {
  void lives.run(ms).then((micros) => process.send?.(micros));
});
process.once("disconnect", () => process.exit());
