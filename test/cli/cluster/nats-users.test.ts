/** What `canswarm cluster permissions` writes into the configuration of servers, and what it does not. */

import { nkeys } from "nats";
import { expect, it } from "vitest";
import { signerFromSeed } from "#envelope/keys.ts";
import { natsUsers } from "#cli/cluster/nats-users.ts";
import { toldError } from "#cli/errors.ts";

const user = nkeys.createUser();
const nkey = user.getPublicKey();
const { did } = signerFromSeed(new Uint8Array(32).fill(5));

const wrongLetter = `${nkey.slice(0, 9)}${nkey[9] === "A" ? "B" : "A"}${nkey.slice(10)}`;

it("a user's public NKey and a did are written, each with its subjects", () => {
  const text = natsUsers("market", { supervisors: [nkey], agents: [did] });
  expect(text).toContain(`nkey: "${nkey}", permissions: {`);
  expect(text).toContain(
    'publish: { allow: ["market.bucket.*", "market.door.*", "market.presence"] }',
  );
});

it.each([
  ["what closes the text it stands in", 'UNOTANKEY" } evil', "is no public NKey"],
  ["nothing", "", "is no public NKey"],
  ["a seed", new TextDecoder().decode(user.getSeed()), "a seed is no public NKey"],
  ["an account's key", nkeys.createAccount().getPublicKey(), "is no public NKey"],
  ["a key with a wrong letter", wrongLetter, "is no public NKey"],
  ["a key and more", `${nkey}A`, "is no public NKey"],
  ["a key and a line end", `${nkey}\n`, "is no public NKey"],
])("%s is not written as a supervisor's key", (_, supervisor, reason) => {
  expect(refusalOf("market", supervisor)).toMatchObject({
    code: "USAGE",
    exitCode: 2,
    message: expect.stringContaining(reason) as string,
  });
});

it.each(["a b>", "", "a.b", "*", ">", 'a"', "a\n"])("%j is not written as a cluster", (cluster) => {
  expect(refusalOf(cluster, nkey)).toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("--cluster takes letters, digits, _ and -") as string,
  });
});

const refusalOf = (cluster: string, supervisor: string) => {
  try {
    return natsUsers(cluster, { supervisors: [supervisor], agents: [] });
  } catch (error) {
    return toldError(error);
  }
};
