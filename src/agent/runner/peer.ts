/**
 * Peer: a program that stays and takes many calls, whatever carries the texts: a process with lines
 * (lines.ts) or a thread with messages (module.ts). conversation.ts speaks to it.
 */

import type { Asks, Failure } from "./runner.ts";

export interface PeerEvents {
  /** One text from the peer, untrusted. */
  readonly onText: (text: string) => void;
  /** The peer is gone, for whatever reason; told once, after `kill` and `end` too. */
  readonly onGone: (why: Failure) => void;
}

export interface Peer {
  readonly asks: Asks;
  /** For people and tests; undefined for a thread. */
  readonly pid: number | undefined;
  send(text: string): void;
  /** Ask it to end by itself: nothing more will be sent. */
  end(): void;
  kill(): void;
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<void>;
}

export type StartPeer = (events: PeerEvents) => Promise<Peer | Failure>;
