/** News of a supervisor that is never fine, whatever agents and faults do. */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { MemberNews } from "#runtime/leadership/member.ts";
import type { SupervisorNews } from "../world/supervisor.ts";

export interface Failure {
  readonly bucket: number;
  readonly what: string;
}

export type News = SupervisorNews | MemberNews;
/** The one cause of a rebuild that is a fault of the store and not of ours. */
const REFUSED_COMMIT = "its commit was refused";
/** What a thread dies of where a fault was asked for. */
const ASKED = ["exit", "a fault was asked for: throw"];
/** A thread that starts on a full disk cannot lead: it dies and is started again until there is room. */
const NO_ROOM_TO_LEAD = "STORE_FULL no room to lead";

/** A halted bucket, a dead letter, a turn or a thread that threw; undefined: it is fine. */
export const failureOf = (news: News): Failure | undefined => {
  if (news.type === "died" && !isAsked(news.reason))
    return { bucket: SYSTEM_BUCKET, what: `host ${news.host} died: ${news.reason}` };
  if (news.type !== "host") return undefined;
  const { event } = news;
  const { bucket } = event;
  if (event.type === "halted") return { bucket, what: `halted: ${event.reason}` };
  if (event.type === "dead_letter") return { bucket, what: `dead letter: ${event.cause}` };
  if (event.type === "rebuilt" && event.cause !== REFUSED_COMMIT)
    return { bucket, what: `a turn threw: ${event.cause}` };
  return undefined;
};

const isAsked = (reason: string): boolean =>
  ASKED.includes(reason) || reason.startsWith(NO_ROOM_TO_LEAD);
