/** What happens to hosts and buckets, in sentences; restarts are kept for the summary. */

import type { LeadershipEvent } from "#runtime/leadership/leadership.ts";
import type { MemberNews } from "#runtime/leadership/member.ts";
import type { ReconcilerNews } from "../reconcile/reconciler.ts";
import { clean } from "../display.ts";
import type { Restart } from "../summary-text.ts";

/** Restarts are told and kept; each dies with a reason before it is back. */
export const newsTeller = (note: (text: string) => void, restarts: Restart[]) => {
  const reasons = new Map<number, string>();
  return (news: MemberNews | ReconcilerNews): void => {
    if (news.type === "reconciler") {
      note(news.text);
      return;
    }
    if (news.type === "leadership") {
      const text = leadershipText(news.event);
      if (text !== undefined) note(text);
      return;
    }
    if (news.type === "believer") {
      note(believerText(news));
      return;
    }
    const { host } = news;
    if (news.type === "died") {
      reasons.set(host, news.reason);
      note(`thread ${host} died: ${news.reason}`);
    } else if (news.type === "restarted") {
      const afterMs = Math.round(news.afterMs);
      restarts.push({ host, reason: reasons.get(host) ?? "", afterMs });
      note(`thread ${host} is back from its log after ${afterMs} ms`);
    } else {
      const { type, bucket, ...rest } = news.event;
      note(`bucket ${bucket} ${type.replace("_", " ")} ${Object.values(rest).join(" ")}`.trim());
    }
  };
};

const leadershipText = (event: LeadershipEvent): string | undefined => {
  switch (event.type) {
    case "joined":
      return "joined the cluster";
    case "not_joined":
      return `is not in the cluster: ${clean(event.fault.message)}`;
    case "session_lost":
      return `lost its session, and with it all buckets: ${event.why}`;
    case "laid_down":
      return `is cut off from NATS: ${event.buckets.length} buckets are left to other supervisors`;
    case "reached":
      return "reaches NATS again";
    case "handed_over":
      return undefined;
  }
};

type Believer = Extract<MemberNews, { type: "believer" }>;

const believerText = ({ bucket, epoch, refusals }: Believer): string => {
  const lead = `bucket ${bucket} under epoch ${epoch.generation}.${epoch.revision}`;
  return refusals === 0
    ? `gave ${lead} up in the store, and believes that it leads it`
    : `believes that it leads ${lead}: what it wrote was refused by the store, ${refusals} times so far`;
};
