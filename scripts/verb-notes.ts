/** What the table of verbs does not say: when a verb is sent, and what follows from it. */

import type { Verb } from "#protocol/bodies.ts";

export const NOTES: Readonly<Record<Verb, string>> = {
  REGISTER:
    "Sent once before anything else, and again when the manifest changes; the newest counts. What an agent says of itself decides nothing that costs others money: labels count only with a countersignature, and all agents without one are a single org for weight and diversity.",
  TRANSFER:
    "The ledger moves the amount at once or refuses; an overdraft is a refusal. With a `key` the same transfer sent twice happens once.",
  STAKE:
    "The amount leaves the balance and becomes free stake of the sender. Seats and leases lock parts of it; what is locked is all that a slash can take. The ACK comes after the ledger's answer.",
  UNSTAKE:
    "Only free stake can be taken out. It is paid after the unbonding time of the genesis; until then it can still be slashed.",
  LIMIT:
    "Checked by the ledger before a hold or a transfer has any effect; what is above is `SPEND_LIMIT` and leaves no trace. What counts is what an agent commits of its own accord: needs it funds, transfers, challenge bonds. The rest of a need's hold comes back to the day it was taken from, a bond that is returned too; the minute gets nothing back. See [money](../money.md).",
  PAUSE:
    "In force for the ledger with this entry, for each bucket with the REGISTRY entry that pins the snapshot published by it. A paused agent funds, bids, is awarded, claims, stakes and transfers nothing and is drawn for no seat; what it holds it finishes: heartbeats, COMMIT, YIELD and votes on its seats are taken and paid. With `all` nothing new begins, and committees are still drawn for what was committed. See [pausing](../../operating/pausing.md).",
  NEED: "The id of the envelope is the need's id and its thread, so the envelope names none and its nonce is 1. Its ACK means that the ledger holds the whole cost: bounty, seat-votes of every allowed failure, plan votes. The same key and content again is answered with the first need's id; the same key with other content is `KEY_REUSED`.",
  PROPOSE:
    "Taken while the auction is open. In a sealed auction the hash is sent and opened by REVEAL; an unopened bid bars the bidder. In an open auction a new bid must undercut. `pass` says that the worker does not bid, so that the auction can close early.",
  REVEAL:
    "`bid` opens a sealed bid after the auction's close. `draw` opens the NEED's drawHash within a second of COMMIT; late, zeros are used. `vote` opens a VOTE once all have voted or their deadline has passed; silence after a vote counts as wrong.",
  CANCEL:
    "Before DECIDE it is free, but more than the free ones of an hour cost 1 % of the bounty each. While the decision is pending it waits. After it the worker gets the larger of 10 % and the elapsed share of the lease. After COMMIT it is refused.",
  UPDATE_PLAN:
    "Operations are taken in the log's order. A link that closes a cycle is refused with its reason. STATE comes from the leader's entries alone.",
  CLAIM:
    "Sent by the winner within the claim time, or the attempt is released. GRANT follows when the ledger holds the performance bond.",
  HEARTBEAT:
    "Moves the lease's deadline inside its bounds. Two missed ones, or the deadline, release the attempt. A worker counts its remaining time from when it sent the last acknowledged heartbeat, and stops on its own. One that comes sooner than a quarter of an interval after the last sign of life is refused `WRONG_STATE`: it says nothing new, and the log would take it.",
  YIELD:
    "Ends the lease at the worker's wish; the next attempt opens. After a quarter of the lease it costs 10 % of the bond.",
  COMMIT:
    "Ends the lease and opens the judging. The artifact is a block that is stored already, or the envelope carries the value itself, whose DAG-CBOR block must have that CID. A bucket sees no blocks: one that is missing is what the verifiers find, and the worker's loss. Work under an older revision is `STALE_FENCE`, whoever sends it.",
  ATTEST_PLAN:
    "Counts only for the current candidate and from the seat's holder. K approvals lead to DECIDE, K rejections to the next rank.",
  ATTEST:
    "K equal verdicts make an outcome. An abstention frees the seat for a redraw. The verdict, once given, cannot be changed.",
  VOTE: "Used where the tier seals votes (medium and up), so that nobody can copy a verdict: first the hash of (subject, did, verdict, salt), then REVEAL.",
  CHALLENGE:
    "Taken while the attempt is contestable. The bond is a hold that carries this envelope; once it is admitted the window's timer stands still until the bond answers. A challenge that names no COMMIT or rejection of that attempt loses its bond's effect and blocks nothing.",
  EPOCH:
    "The first entry of every leadership of a bucket. (generation, revision) grows strictly; a take-over that is not above the log's last is refused. Replay takes the sender of all later entries from it.",
  TICK: "Logged by a bucket with an armed timer when 10 s of T have passed without another batch, so that a change of leader costs at most that much time.",
  OPEN_ATTEMPT:
    "What must be undone is undone by opening the next attempt, never by going back. An inherited ranking skips the auction, never the planning.",
  RANKING:
    "Fixes the order of candidates at one registry revision. Scores follow from the bids alone, so anybody can compute them again.",
  DRAW: "Two entries a round: `asked` fixes the seed and so the weighted order, `seated` says whom the ledger could lock along that order, and whom it passed over. Both can be checked by anybody.",
  DECIDE:
    "At most one per (need, attempt) in the whole cluster (P1). It quotes K approvals cast for this attempt and proposal, and the registry revision they are eligible at (P6).",
  GRANT:
    "The only way a lease begins; its revision is the worker's fence from then on (P4, P5). Workers are told remaining milliseconds, not T.",
  SETTLE:
    "Only an intent: the ledger seals the attempt, posts `settle/<need>/<attempt>` once and answers; the entry that ends the attempt follows the answer. With open bonds it answers with them instead and nothing is posted.",
  RELEASE:
    "The attempt's lease or award has ended without a result. Awards are counted; the last one ends the need.",
  REJECT:
    "K verdicts were fail. The worker loses the smaller of its bond and the votes paid; the third failure ends the need.",
  INVALIDATE:
    "Bond and wrong votes are slashed by exposure, the price goes back, and the next attempt opens with a larger quorum as far as escrow and pool allow.",
  FINALIZE:
    "Quotes the verdicts it rests on and the ledger's sequence of the posting. A view that differs from the posted result is a bug and halts the bucket.",
  CLOSE:
    "The end of a need that has no result: no bids, cancelled, expired, too many failures; or that never was funded: `refused`, or `duplicate` with the first need under its key.",
  RULE: "The operator's decision where no challenge committee can be drawn. It is logged with its author and reason, so that it can be audited like a vote.",
  RECONCILE:
    "Written of a COMMIT, ATTEST or ATTEST_PLAN that comes a heartbeat's interval or more after it was signed: behind it where it was let in; in its stead where it is the COMMIT of a lease that had ended by silence. There are no branches of a bucket's log ([cut off](../log.md#cut-off)).",
  REGISTRY:
    "Pins a snapshot by revision and hash; revisions never fall. With one older than 30 s draws and rankings wait and their deadlines are suspended.",
  DEAD_LETTER:
    "The verdict of the supervisor, which counts the tries of each input. In replay the input is skipped exactly there.",
  EQUIVOCATION:
    "Evidence, and nothing follows from it: the second envelope was refused with the code of the same name. The first pair of each sender is kept, 1,024 in a bucket at most. Both verify alone, so anybody who holds the log can show the pair to anybody else.",
};
