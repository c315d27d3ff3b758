/**
 * A TCP proxy on loopback that does to a connection what networks do: delay, a trickle, a cut, a peer
 * that is gone without a word. Tests put it between a client and a real server.
 */

import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

/** What happens to bytes on their way; it holds for connections that are open already, too. */
export type Weather =
  | { readonly kind: "fair" }
  /** Each piece arrives so much later, in order. */
  | { readonly kind: "delay"; readonly ms: number }
  /** So many bytes a second in each direction. */
  | { readonly kind: "slow"; readonly bytesPerSecond: number }
  /** Connections stay open and nothing arrives: to the server, to the client, or either way. */
  | { readonly kind: "half-open"; readonly lost: "to-server" | "to-client" | "both" };

type Direction = "to-server" | "to-client";

/** Pieces that wait for the weather: beyond it the sender is paused, so nothing grows without bound. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** How often a trickle flows, ms. */
const TRICKLE_MS = 20;

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #weather: () => Weather;
  readonly #waiting: { readonly bytes: Uint8Array; readonly atMs: number }[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(from: Socket, to: Socket, direction: Direction, weather: () => Weather) {
    [this.#from, this.#to, this.#direction, this.#weather] = [from, to, direction, weather];
    from.on("data", (bytes) => this.#take(bytes));
    from.on("end", () => {
      this.#hasEnded = true;
      this.flow();
    });
    from.on("close", () => clearTimeout(this.#timer));
  }

  #take(bytes: Uint8Array): void {
    this.#waiting.push({ bytes, atMs: performance.now() });
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > WAITING_BYTES_MAX) this.#from.pause();
    this.flow();
  }

  /** Lets through what may pass now, and comes back for the rest. */
  flow(): void {
    clearTimeout(this.#timer);
    const weather = this.#weather();
    const isLost =
      weather.kind === "half-open" && (weather.lost === "both" || weather.lost === this.#direction);
    if (isLost) return;
    if (weather.kind === "slow") this.#trickle(weather.bytesPerSecond);
    else this.#pass(weather.kind === "delay" ? weather.ms : 0);
    if (this.#waitingBytes <= WAITING_BYTES_MAX) this.#from.resume();
    if (this.#hasEnded && this.#waiting.length === 0) this.#to.end();
  }

  #pass(delayMs: number): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const leftMs = next.atMs + delayMs - performance.now();
      if (leftMs > 0) return this.#later(leftMs);
      this.#waiting.shift();
      this.#write(next.bytes);
    }
  }

  #trickle(bytesPerSecond: number): void {
    let room = Math.max(1, Math.floor((bytesPerSecond * TRICKLE_MS) / 1_000));
    for (let next = this.#waiting[0]; next !== undefined && room > 0; next = this.#waiting[0]) {
      this.#waiting.shift();
      if (next.bytes.length > room)
        this.#waiting.unshift({ ...next, bytes: next.bytes.subarray(room) });
      const piece = next.bytes.subarray(0, room);
      room -= piece.length;
      this.#write(piece);
    }
    if (this.#waiting.length > 0) this.#later(TRICKLE_MS);
  }

  #write(bytes: Uint8Array): void {
    this.#waitingBytes -= bytes.length;
    if (!this.#to.destroyed) this.#to.write(bytes);
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.flow(), Math.ceil(ms));
  }
}

export class FaultProxy {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #pipes = new Set<Pipe>();
  #weather: Weather = { kind: "fair" };
  #isCut = false;
  #accepted = 0;
  #refused = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port of loopback. */
  static async to(port: number, host = "127.0.0.1"): Promise<FaultProxy> {
    const proxy = new FaultProxy({ host, port });
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that were let in so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections that were reset because it is cut. */
  get refused(): number {
    return this.#refused;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    for (const pipe of this.#pipes) pipe.flow();
  }

  /** Every connection is reset, and new ones are too until `mend`. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Every open connection is reset; new ones may come. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      this.#refused += 1;
      client.resetAndDestroy();
      return;
    }
    this.#accepted += 1;
    const server = connect({ ...this.#target, allowHalfOpen: true });
    const pipes = [
      new Pipe(client, server, "to-server", () => this.#weather),
      new Pipe(server, client, "to-client", () => this.#weather),
    ];
    for (const pipe of pipes) this.#pipes.add(pipe);
    const [ends, other] = [
      [client, server] as const,
      new Map([
        [client, server],
        [server, client],
      ]),
    ];
    for (const socket of ends) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on("error", () => other.get(socket)?.destroy());
      socket.on("close", (hadError) => {
        this.#sockets.delete(socket);
        for (const pipe of pipes) this.#pipes.delete(pipe);
        if (hadError) other.get(socket)?.destroy();
      });
    }
  }
}
