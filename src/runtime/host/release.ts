/** Committed outputs on their way out. */

import { encodeSigned } from "#envelope/envelope.ts";
import type { Outputs } from "../bucket/outputs.ts";
import type { HostEnvironment, Under } from "./environment.ts";

export const letOut = (
  env: HostEnvironment,
  bucket: number,
  outputs: Outputs,
  under: Under,
): void => {
  for (const { to, number, floor, payload } of outputs.asks)
    env.send({ to, from: bucket, number, role: "ask", floor, payload });
  for (const { to, number, payload } of outputs.answers)
    env.send({ to, from: bucket, number, role: "answer", floor: 0, payload });
  if (outputs.receipts.length > 0) env.receipts(bucket, outputs.receipts, under);
  for (const { connection, signed, refused } of outputs.rejections)
    env.reject(connection, encodeSigned(signed), refused.code, refused.detail ?? "");
  for (const { to, notice } of outputs.told) env.tell(to, notice);
  for (const publication of outputs.publications) env.publish(publication);
};
