/** Sentences about programs, for people who look for the reason of a failed try. */

import type { ProgramEnd } from "./program.ts";

/** Characters of standard error that stand in a sentence; the last ones say why. */
const STDERR_SHOWN_MAX = 400;
/** Characters of an answer that stand in a sentence. */
const SAMPLE_SHOWN_MAX = 80;

// oxlint-disable-next-line no-control-regex -- a program's text must not move the terminal's cursor
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Told texts go into envelopes: half a character, from the program or from a cut, may not. */
const oneLine = (text: string): string => text.replace(CONTROL, " ").trim().toWellFormed();

/** The end of what a program said on standard error, on one line. */
export const tailOf = (text: string): string => {
  const line = oneLine(text);
  return line.length <= STDERR_SHOWN_MAX
    ? line
    : `…${line.slice(-STDERR_SHOWN_MAX)}`.toWellFormed();
};

/** The beginning of an answer that could not be used. */
export const sampleOf = (text: string): string => {
  const line = oneLine(text.slice(0, 4 * SAMPLE_SHOWN_MAX));
  return JSON.stringify(
    line.length <= SAMPLE_SHOWN_MAX ? line : `${line.slice(0, SAMPLE_SHOWN_MAX)}…`,
  );
};

export const endSentence = (end: ProgramEnd, stderr: string): string => {
  const how = end.signal === null ? `with exit code ${end.code}` : `by ${end.signal}`;
  return `it ended ${how}${stderr === "" ? "" : `; standard error ends: ${stderr}`}`;
};

/** Shorter ones are found by chance in any text. */
const SECRET_UNITS_MIN = 8;

/** A text from which a secret was taken out: services repeat what they were told, and texts are logged. */
export const withoutSecret = (text: string, secret: string | undefined): string =>
  secret === undefined || secret.length < SECRET_UNITS_MIN
    ? text
    : text.replaceAll(secret, "[secret]");

export const MEBIBYTE = 1024 * 1024;
export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / MEBIBYTE)} MiB`;
