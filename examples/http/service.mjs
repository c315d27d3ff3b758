// A service that is an agent: POST /work sorts words, POST /judge checks a sorted list, GET /health answers.
import { createServer } from "node:http";

const work = ({ input }) =>
  Array.isArray(input.words)
    ? { output: { sorted: [...input.words].sort() } }
    : { error: 'the input is not {"words": […]}' };

const judge = ({ input, output }) => {
  const sorted = output?.sorted;
  if (!Array.isArray(sorted)) return { verdict: "fail", reason: "there is no list" };
  if (sorted.some((word, n) => n > 0 && word < sorted[n - 1]))
    return { verdict: "fail", reason: "it is not in order" };
  const left = [...input.words];
  for (const word of sorted) {
    const at = left.indexOf(word);
    if (at === -1) return { verdict: "fail", reason: `${word} was not there` };
    left.splice(at, 1);
  }
  return left.length === 0 ? { verdict: "pass" } : { verdict: "fail", reason: "words are missing" };
};

const PLACES = { "/work": work, "/judge": judge };
/** Answers that were given: a repeated request (same key) gets the same one, and no new work. */
const given = new Map();
const GIVEN_MAX = 1_000;

const server = createServer(async (request, response) => {
  const say = (status, text) =>
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  if (request.url === "/health") return say(200, "{}");
  const place = PLACES[request.url];
  if (request.method !== "POST" || place === undefined)
    return say(404, '{"error": "POST /work or /judge"}');
  const key = request.headers["idempotency-key"];
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  try {
    const answer = given.get(key) ?? JSON.stringify(place(JSON.parse(body)));
    if (key !== undefined) given.set(key, answer);
    if (given.size > GIVEN_MAX) given.delete(given.keys().next().value);
    return say(200, answer);
  } catch (error) {
    return say(400, JSON.stringify({ error: error.message }));
  }
});

// The first line tells the runner the port; a service that you start yourself takes a fixed one.
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
