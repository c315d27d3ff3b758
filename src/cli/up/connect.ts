/** How a command finds the supervisor or the servers that it talks to, and the token for them. */

import { Option, type Command } from "commander";
import { Api } from "#agent/http/api.ts";
import { tokenIn } from "#gateway/tokens.ts";
import { DATA_DEFAULT, HOST_DEFAULT, PORT_DEFAULT } from "./defaults.ts";

export interface ConnectFlags {
  readonly url: string;
  readonly data: string;
  readonly token?: string;
}

const URL_DEFAULT = `http://${HOST_DEFAULT}:${PORT_DEFAULT}`;

export const connectOptions = (command: Command): Command =>
  command
    .addOption(
      new Option("--url <url>", "where the supervisor listens")
        .default(URL_DEFAULT)
        .env("CANSWARM_URL"),
    )
    .addOption(
      new Option("--token <token>", "an account's or the operator's token").env("CANSWARM_TOKEN"),
    )
    .option("--data <dir>", "data folder whose token is taken where none is named", DATA_DEFAULT);

export const apiOf = ({ url, token, data }: ConnectFlags): Api =>
  new Api(url, token ?? tokenIn(data));
