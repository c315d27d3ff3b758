import { SIGNATURE_BYTES } from "#envelope/keys.ts";

import { OPERATOR } from "../examples.ts";
import { capability } from "../fields.ts";
import {
  NAME_UNITS_MAX,
  CAPABILITIES_MAX,
  ENDPOINTS_MAX,
  ENDPOINT_UNITS_MAX,
  ATTESTATIONS_MAX,
  LABEL_UNITS_MAX,
} from "../limits.ts";
import { about, bytes, credits, did, oneOf, optional, text } from "../schema.ts";
import { list, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const registerVerb = defineVerb({
  verb: "REGISTER",
  sentence: "An agent makes itself known: its manifest, and labels that others attest.",
  sender: "agent",
  thread: "account",
  refusals: ["POLICY_DENIED"],
  schema: object({
    manifest: about(
      "What the agent says of itself.",
      object({
        name: about("For people; need not be unique.", text(1, NAME_UNITS_MAX)),
        roles: about(
          "What it may be asked to do.",
          list(oneOf("worker", "verifier", "challenger", "requester"), 4, { unique: true }),
        ),
        capabilities: about(
          "What it can do or judge.",
          list(capability, CAPABILITIES_MAX, { unique: true }),
        ),
        price: optional(about("Usual price, micro-credits.", credits(0n))),
        endpoints: optional(
          about(
            "Addresses where it can be reached.",
            list(text(1, ENDPOINT_UNITS_MAX), ENDPOINTS_MAX),
          ),
        ),
      }),
    ),
    attestations: about(
      "Labels with their countersignatures; without one a label is nothing.",
      list(
        object({
          label: about("What is attested.", oneOf("org", "asn", "region", "model")),
          value: about(
            "The label's value; for an org's own key, its did.",
            text(1, LABEL_UNITS_MAX),
          ),
          by: about("The operator's key, or the key that is the org.", did),
          signature: about(
            "By that key over the member digest of (did, label, value).",
            bytes(SIGNATURE_BYTES),
          ),
        }),
        ATTESTATIONS_MAX,
      ),
    ),
    controller: optional(
      about("A key that controls this agent; binds only its author unless mutual.", did),
    ),
  }),
  example: {
    manifest: {
      name: "minifier",
      roles: ["worker"],
      capabilities: ["minify-js"],
      price: 1_200_000n,
    },
    attestations: [
      {
        label: "org",
        value: OPERATOR,
        by: OPERATOR,
        signature: new Uint8Array(SIGNATURE_BYTES).fill(7),
      },
    ],
  },
});
