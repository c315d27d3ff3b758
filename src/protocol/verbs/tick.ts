import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const tickVerb = defineVerb({
  verb: "TICK",
  sentence: "Log time went on without any other entry.",
  sender: "leader",
  thread: "bucket",
  schema: object({}),
  example: {},
});
