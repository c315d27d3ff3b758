/** The request of a program as its standard input: a file that may be read at once, late or never. */

import { randomUUID } from "node:crypto";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An open file that holds the text, can only be read and has no name any more. */
export const inputFile = async (text: string | Uint8Array): Promise<FileHandle> => {
  const path = join(tmpdir(), `canswarm-input-${randomUUID()}`);
  const writer = await open(path, "wx", 0o600);
  try {
    const reader = await open(path, "r");
    try {
      await writer.writeFile(text);
      // A guest of another user may open its standard input by its path in /proc.
      await writer.chmod(0o444);
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  } finally {
    await writer.close();
    await unlink(path);
  }
};
