/**
 * Every limit of running a program as an agent, in one place. `createRunner` takes a partial set, so that
 * tests and unusual agents can shrink or widen one without touching the rest.
 */

/** Bytes of one input or one output: the largest block the swarm stores. */
export const VALUE_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes around a value: the need's view, the id, telemetry. */
const WRAPPING_BYTES = 64 * 1024;
/** JSON writes a control character as six bytes, so a legal text may grow by this when it is sent. */
const JSON_GROWTH_MAX = 6;

export interface RunnerLimits {
  /** Time of one call, counted from its start: queueing is not part of it. */
  readonly callMsMax: number;
  /** Bytes of one answer (all of standard output, or one line of it). */
  readonly answerBytesMax: number;
  /** Bytes of one request; a judge gets an input and an output. */
  readonly requestBytesMax: number;
  /** Bytes of standard error that are kept, the last ones; the rest is read and dropped. */
  readonly stderrBytesMax: number;
  /** Resident bytes of a program with all its descendants (a thread: its JavaScript heap). */
  readonly memoryBytesMax: number;
  /** How often memory is measured: a program can be above its limit for this long. */
  readonly memoryEveryMs: number;
  /** How often a program is asked for a sign of life. */
  readonly pulseMs: number;
  /** Processes at a time of an agent that starts one per call. */
  readonly execCallsMax: number;
  /** Calls in flight in one persistent process. */
  readonly linesCallsMax: number;
  /** Work and judge calls in flight in one module's thread. */
  readonly moduleCallsMax: number;
  /** Work and judge calls in flight to one service or model. */
  readonly httpCallsMax: number;
  /** Bids and plans in flight beside them: an auction closes within a second, so they never wait for work. */
  readonly quickCallsMax: number;
  /** Calls waiting in one runner; the one too many fails with FULL. */
  readonly queueCallsMax: number;
  /** Wait before a failed persistent program is started again: doubled at each failure in a row. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Lines in a row that answer nothing (late or repeated answers) before they count as rubbish. */
  readonly strayLinesMax: number;
  /** How long a program may take to end by itself when its runner closes. */
  readonly closeMs: number;
  /** Requests that one call to a service may take, the first one counted. */
  readonly triesMax: number;
  /** Wait before the second request of a call: doubled at each further one, half of it by chance. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** Bytes of a refusal that are read for its reason, and how long that may take. */
  readonly refusalBytesMax: number;
  readonly refusalMs: number;
  /** How long a service that the runner starts may take until it says where it listens. */
  readonly serviceStartMs: number;
}

export const RUNNER_LIMITS: RunnerLimits = {
  callMsMax: 60_000,
  answerBytesMax: VALUE_BYTES_MAX + WRAPPING_BYTES,
  requestBytesMax: 2 * JSON_GROWTH_MAX * VALUE_BYTES_MAX + WRAPPING_BYTES,
  stderrBytesMax: 64 * 1024,
  memoryBytesMax: 512 * 1024 * 1024,
  memoryEveryMs: 200,
  pulseMs: 1_000,
  execCallsMax: 2,
  linesCallsMax: 16,
  moduleCallsMax: 4,
  httpCallsMax: 8,
  quickCallsMax: 64,
  queueCallsMax: 10_000,
  backoffMs: 100,
  backoffMsMax: 5_000,
  strayLinesMax: 64,
  closeMs: 500,
  triesMax: 4,
  retryMs: 200,
  retryMsMax: 5_000,
  refusalBytesMax: 4 * 1024,
  refusalMs: 500,
  serviceStartMs: 10_000,
};
