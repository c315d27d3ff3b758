/**
 * Bytes between threads: all byte fields of one call in one buffer that is transferred. They are copied
 * into it once, so that the caller keeps its own and can send the same bytes again after an unknown
 * answer; transferring each small array alone costs more than this copy.
 */

export interface Packed {
  readonly buffer: ArrayBuffer;
  readonly lengths: readonly number[];
}

export const packed = (parts: readonly Uint8Array[]): Packed => {
  const lengths = parts.map((part) => part.byteLength);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return { buffer: bytes.buffer, lengths };
};

/** Views of the transferred buffer, in the order packed. */
export const unpacked = ({ buffer, lengths }: Packed): Uint8Array[] => {
  let at = 0;
  return lengths.map((length) => new Uint8Array(buffer, (at += length) - length, length));
};
