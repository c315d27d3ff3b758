/** Which bucket owns a thread: an account's the system bucket, a need's the first byte of its digest. */

import { bucketOf, isCid, SYSTEM_BUCKET } from "./cid.ts";
import { isDid } from "./did.ts";

export const bucketOfThread = (thread: string): number | undefined => {
  if (thread.startsWith("acct:")) return isDid(thread.slice(5)) ? SYSTEM_BUCKET : undefined;
  return isCid(thread) ? bucketOf(thread) : undefined;
};
