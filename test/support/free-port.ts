import { once } from "node:events";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** A port that nobody held a moment ago. */
export const freePort = async (host = LOOPBACK): Promise<number> => {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};
