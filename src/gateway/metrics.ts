/** Figures of the gateway for Prometheus, and of the process. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HostCounts } from "#runtime/threads/protocol.ts";
import type { JoinedAgents } from "./joined-agents.ts";
import type { Needs } from "./needs.ts";

/** Seconds: from a quick refusal to a commit on a busy disk. */
const BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const COUNTED = [
  "turns",
  "envelopes",
  "records",
  "refused",
  "rejected",
  "rebuilt",
  "dropped",
  "waiting",
  "unconfirmed",
] as const satisfies readonly (keyof HostCounts)[];

export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  #streams = 0;

  constructor() {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: "canswarm_http_requests_total",
      help: "Requests by path and status",
      labelNames: ["method", "path", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "canswarm_http_seconds",
      help: "Seconds until a request was answered, streams left out",
      labelNames: ["path"],
      buckets: BUCKETS_S,
      registers,
    });
    collectDefaultMetrics({ register: this.registry });
  }

  /** What the host threads have counted, asked for anew each time. */
  watchHosts(counts: () => Promise<readonly HostCounts[]>): void {
    const made: Gauge = new Gauge({
      name: "canswarm_hosts",
      help:
        "What the host threads have counted since each began: rejected are envelopes that failed " +
        "before signature or registration, refused are signed refusals; waiting and unconfirmed " +
        "(records built and not committed) are as of now",
      labelNames: ["what"],
      registers: [this.registry],
      collect: async () => {
        const hosts = await counts();
        for (const what of COUNTED)
          made.set(
            { what },
            hosts.reduce((sum, host) => sum + host[what], 0),
          );
      },
    });
  }

  watch(needs: Needs, agents: JoinedAgents): void {
    const registers = [this.registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
    };
    gauge("canswarm_needs_open", "Needs posted here that have not ended", () => needs.openCount);
    gauge("canswarm_needs_open_max", "Needs that may be open now", () => needs.openMax);
    gauge("canswarm_needs_accepted", "Needs acknowledged", () => needs.counts.accepted);
    gauge("canswarm_needs_refused", "Needs that the market refused", () => needs.counts.refused);
    gauge("canswarm_needs_turned_away", "Needs answered 429", () => needs.counts.turnedAway);
    gauge("canswarm_needs_ended", "Needs that have ended", () => needs.counts.ended);
    gauge(
      "canswarm_needs_foretold",
      "Needs told to workers while cut off from the store",
      () => needs.foretoldCount,
    );
    gauge("canswarm_agents_joined", "Agents on other machines that are here", () => agents.size);
    gauge("canswarm_envelopes_passed", "Envelopes passed on", () => agents.counts.envelopes);
    gauge(
      "canswarm_envelopes_refused",
      "Envelopes refused at the door",
      () => agents.counts.refused,
    );
    gauge("canswarm_streams", "Streams of events that are open", () => this.#streams);
  }

  answered(method: string, path: string, status: number, seconds: number): void {
    this.#requests.inc({ method, path, status: String(status) });
    this.#seconds.observe({ path }, seconds);
  }

  /** A stream begins; call what it returns at its end. */
  stream(): () => void {
    this.#streams += 1;
    return () => void (this.#streams -= 1);
  }

  get streams(): number {
    return this.#streams;
  }
}
