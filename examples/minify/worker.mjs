// node worker.mjs esbuild|terser: minifies the text of a file and declares how, so that it can be checked.
import { createInterface } from "node:readline";
import { OPTIONS, minify, versionOf } from "./minifiers.mjs";

const [tool] = process.argv.slice(2);
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, ping, input } = JSON.parse(line);
  if (ping !== undefined) return say({ pong: ping });
  try {
    const code = await minify(tool, input.text);
    say({ id, output: { tool, version: versionOf(tool), options: OPTIONS[tool], code } });
  } catch (error) {
    say({ id, error: error.message });
  }
});
