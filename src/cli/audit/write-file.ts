/** The lines of an audit file, from a folder that nobody runs. */

import { CliError } from "../errors.ts";
import { recordsOf } from "../swarm/log-report.ts";
import { checkHead, logMissing, openLogs, type OpenLogs } from "./folder-logs.ts";
import {
  factsOf,
  fileDigest,
  headerLine,
  headerOf,
  headLine,
  headMessages,
  recordLine,
  type HeadFacts,
} from "./format.ts";
import { Inspector } from "./inspector.ts";

/**
 * Line by line, each with its newline. Envelopes' signatures are checked as well: what is written here
 * verifies. Refuses with DATA_MISSING, DATA_IN_USE, KEY_MISSING, LOG_MISSING.
 */
export async function* auditLines(dir: string): AsyncGenerator<string> {
  const logs = await openLogs(dir);
  const inspector = new Inspector(headerOf(logs.folder.genesisBytes));
  const { header } = inspector;
  try {
    yield `${headerLine(header)}\n`;
    for (const chain of inspector.chains) {
      const { bucket } = chain;
      for await (const bytes of recordsOf(logs.store, bucket)) {
        const { record, view } = await inspector.add(bucket, bytes);
        const { index } = record;
        yield `${recordLine({ bucket, index, hash: chain.hash }, bytes, view)}\n`;
      }
      await checkHead(logs, chain);
    }
    await inspector.signatures.finish();
    const heads = inspector.chains.map(factsOf);
    const file = fileDigest(header.hash, heads);
    for (const facts of heads) yield `${signedHead(logs, header.hash, file, facts)}\n`;
  } catch (error) {
    throw logMissing(error);
  } finally {
    await inspector.signatures.close();
    await logs.close();
  }
}

const signedHead = (logs: OpenLogs, header: string, file: string, facts: HeadFacts): string => {
  const { led } = facts;
  const secret = led === undefined ? undefined : logs.secretOf(led.epoch);
  const messages = headMessages(header, file, facts, secret);
  const operator = logs.folder.operator.sign(messages.operator);
  if (led === undefined) return headLine(file, facts, { secret, signature: undefined, operator });
  const signer = logs.signerOf(led.epoch);
  if (signer.did !== led.key) throw new CliError("KEY_MISSING", { path: logs.folder.dir });
  return headLine(file, facts, { secret, signature: signer.sign(messages.epoch), operator });
};
