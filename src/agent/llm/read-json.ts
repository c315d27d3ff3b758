/** The one JSON object that an answer of a model must be. */

import { isObject, type JsonObject } from "../runner/answers.ts";

/** Thoughts that some models tell before the answer, and a fence around the whole of it. */
const THOUGHTS = /^\s*<think>[\s\S]*?<\/think>/;
const FENCE = /^```(?:json)?[ \t]*\n([\s\S]*?)\n?```$/;

/** The object, or why there is none, as a sentence that begins with "it". */
export const objectIn = (
  text: string,
): { readonly kind: "object"; readonly value: JsonObject; readonly json: string } | string => {
  const answer = text.replace(THOUGHTS, "").trim();
  const json = FENCE.exec(answer)?.[1] ?? answer;
  if (json.trim() === "") return "was empty";
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? { kind: "object", value, json } : "is no JSON object";
  } catch {
    return "is no JSON";
  }
};
