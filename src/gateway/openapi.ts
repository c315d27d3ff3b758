/** OpenAPI 3.1 of the routes, made from the table that serves them. */

import { z } from "zod";
import { GATEWAY_ERRORS } from "./errors.ts";
import { BYTES_TYPES, type Auth, type Route } from "./route.ts";

const SECURITY: Readonly<Record<Auth, readonly object[]>> = {
  none: [],
  account: [{ token: [] }],
  operator: [{ token: [] }],
  agent: [{ session: [] }, { token: [] }],
};

const bodyOf = ({ body, bytes }: Route): object => {
  if (body === undefined && bytes === undefined) return {};
  const content: Record<string, object> = {};
  if (body !== undefined) {
    const schema = z.toJSONSchema(body.schema, { io: "input", unrepresentable: "any" });
    content["application/json"] = { schema };
  }
  if (bytes === undefined) return { requestBody: { required: true, content } };
  const schema = { type: "string", format: "binary", description: bytes.what };
  for (const type of BYTES_TYPES) content[type] = { schema };
  return { requestBody: { required: true, content } };
};

const parametersOf = ({ path }: Route): object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));

const operationOf = (route: Route): object => ({
  summary: route.summary,
  security: SECURITY[route.auth],
  parameters: parametersOf(route),
  ...bodyOf(route),
  responses: Object.fromEntries(
    Object.entries(route.answers).map(([status, description]) => [status, { description }]),
  ),
});

export const openApi = (routes: readonly Route[]): object => {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes)
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationOf(route),
    };
  return {
    openapi: "3.1.0",
    info: {
      title: "canswarm",
      version: "1",
      description:
        "The HTTP door of a canswarm supervisor. Errors are " +
        '`{"error": {"code", "message", "remedy"}}`; codes of this door: ' +
        `${Object.keys(GATEWAY_ERRORS).join(", ")}; the others are the swarm's own.`,
    },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "header", name: "canswarm-session" },
      },
    },
    paths,
  };
};
