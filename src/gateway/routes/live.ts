/** For people who look: the page, and the pictures that it shows. */

import { loadPage, type Page } from "../live/page.ts";
import type { Asked, Gateway, Route } from "../route.ts";
import { eventStream } from "../sse.ts";

let loaded: Page | undefined;

const page = async (_gateway: Gateway, { reply }: Asked): Promise<undefined> => {
  const { html, headers } = (loaded ??= loadPage());
  void reply.headers(headers).send(html);
  return undefined;
};

const watch = async (gateway: Gateway, { reply }: Asked): Promise<undefined> => {
  const release = gateway.metrics.stream();
  const stream = eventStream(reply);
  const leave = gateway.watch.attach({
    tell: (picture) => stream.send("swarm", picture),
    close: () => stream.close(),
  });
  stream.onClose(() => {
    leave();
    release();
  });
  return undefined;
};

export const LIVE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/",
    summary: "The swarm as a page for people.",
    auth: "none",
    answers: { 200: "text/html" },
    handle: page,
  },
  {
    method: "GET",
    path: "/v1/events",
    summary:
      "The swarm as it is, as server-sent events: a whole picture, each second that changes it.",
    auth: "none",
    answers: { 200: "events named swarm: counts, latencies, credits, needs, agents" },
    handle: watch,
  },
];
