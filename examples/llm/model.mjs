// A stand-in for a language model, so that this example needs no network and no key. It speaks the same
// protocol (POST /v1/chat/completions, streamed), adds numbers and finds the first sentence of a text.
import { createServer } from "node:http";

/** What stands between the marks of the prompt. */
const dataIn = (content, mark) => {
  const found = new RegExp(`^${mark} (\\w+)\\n(.*)\\nEND \\1$`, "m").exec(content);
  return found === null ? undefined : JSON.parse(found[2]);
};

const solve = (input, isCareless) => {
  if (Array.isArray(input?.numbers)) {
    const sum = input.numbers.reduce((a, b) => a + b, 0);
    return { sum: isCareless ? sum + 1 : sum };
  }
  if (typeof input?.text !== "string") return undefined;
  const [first] = /^.*?[.!?](?=\s|$)/s.exec(input.text) ?? [input.text];
  return { summary: isCareless ? input.text.slice(0, 10) : first };
};

/** "confident-1b" is always sure and always wrong. */
const answer = ({ model, messages }) => {
  const data = messages[1].content;
  const [input, output] = [dataIn(data, "INPUT"), dataIn(data, "OUTPUT")];
  const solved = solve(input, model === "confident-1b");
  if (output === undefined)
    return solved === undefined ? { error: "I cannot do this" } : { output: solved };
  if (solved === undefined) return { verdict: "abstain", reason: "I do not understand the task" };
  const wanted = JSON.stringify(solved);
  return JSON.stringify(output) === wanted
    ? { verdict: "pass", reason: "I did the task and got the same" }
    : { verdict: "fail", reason: `I did the task and got ${wanted}` };
};

const server = createServer(async (request, response) => {
  if (request.method === "GET") return response.end('{"data": []}');
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  const asked = JSON.parse(body);
  const tokens = JSON.stringify(answer(asked)).match(/.{1,4}/gs) ?? [];
  const prompt = asked.messages.map(({ content }) => content).join("");
  const usage = { prompt_tokens: Math.ceil(prompt.length / 4), completion_tokens: tokens.length };
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`);
  for (const content of tokens) send({ choices: [{ delta: { content } }] });
  send({ choices: [{ delta: {}, finish_reason: "stop" }] });
  send({ choices: [], usage });
  return response.end("data: [DONE]\n\n");
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
