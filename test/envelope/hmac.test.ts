import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { hmacOf } from "#envelope/hmac.ts";

it("is the HMAC of node's own library, for keys and messages of any length", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200, size: "max" }),
      fc.uint8Array({ maxLength: 300, size: "max" }),
      (key, message) => {
        const theirs = createHmac("sha256", key).update(message).digest();
        expect(hmacOf(key)(message)).toEqual(new Uint8Array(theirs));
      },
    ),
  );
});
