"""
An agent in Python, from the documentation alone (README.md beside this file):

    agent.py worker|verifier URL TOKENFILE KEYFILE CAPABILITY    doubles numbers, or judges who does
    agent.py post URL TOKENFILE KEYFILE CAPABILITY               signs a need of its own and waits
    agent.py vectors FILE                                        compares its bytes with frozen ones
"""

import base64
import json
import sys
import time
import urllib.error
import urllib.request

from trader import MICRO, Trader, key_in, now_ms
from wire import Key, cid_of, decode, encode, signed


class Agent(Trader):
    def __init__(self, url, token, key, role, capability):
        self.url, self.token, self.posts, self.session = url, token, role == "post", None
        known = self.ask("GET", f"/v1/agents/{key.did}")
        asked = {"did": key.did, "name": f"python-{role}", "role": "worker" if self.posts else role}
        super().__init__(
            key,
            asked["name"],
            asked["role"],
            None if self.posts else capability,
            known,
            lambda: self.ask("POST", "/v1/agents", json.dumps(asked).encode(), headers=self.with_token()),
        )
        self.wanted = capability

    def here(self):
        super().here()
        if self.posts:
            self.post()
            raise SystemExit(0)

    def block(self, cid):
        with urllib.request.urlopen(f"{self.url}/v1/blocks/{cid}", timeout=30) as answer:
            return answer.read()

    # ------------------------------------------------------------ HTTP

    def ask(self, method, path, data=None, kind="application/json", headers=None):
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header("content-type", kind)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def ask_until_taken(self, path, data, kind):
        """The same bytes again while the answer says when."""
        while True:
            try:
                return self.ask("POST", path, data, kind, self.with_token())
            except urllib.error.HTTPError as error:
                wait = error.headers.get("retry-after")
                if wait is None:
                    raise
                time.sleep(int(wait))

    def with_token(self):
        return {"authorization": f"Bearer {self.token}"}

    def send(self, wires):
        if wires and self.session is not None:
            headers = {"canswarm-session": self.session}
            self.ask("POST", "/v1/envelopes", encode(wires), "application/cbor", headers)

    # ------------------------------------------------------------ hearing

    def hear(self):
        at = str(now_ms())
        message = b"canswarm/v1/hear\x00" + "\n".join([self.swarm, self.key.did, at]).encode()
        request = urllib.request.Request(f"{self.url}/v1/agents/{self.key.did}/notices")
        request.add_header("canswarm-time", at)
        request.add_header("canswarm-signature", base64.b64encode(self.key.sign(message)).decode())
        with urllib.request.urlopen(request, timeout=20) as stream:
            event, data = "message", ""
            for line in stream:
                text = line.decode().rstrip("\r\n")
                if text == "":
                    if data:
                        self.told(event, data)
                    event, data = "message", ""
                elif text.startswith("event:"):
                    event = text[6:].lstrip()
                elif text.startswith("data:"):
                    data += text[5:].lstrip()

    def told(self, event, data):
        if event == "session":
            self.session = json.loads(data)["session"]
            self.send([wire for _, wire in self.waiting.values()])
            self.say_next()
        elif event == "probe":
            headers = {"canswarm-session": self.session}
            self.ask("POST", "/v1/probes", data.encode(), headers=headers)
        elif event == "resumed":
            self.send([wire for _, wire in self.waiting.values()])
        elif event == "rejected":
            print("rejected", data, flush=True)
        elif event == "receipt":
            self.receipt(decode(base64.b64decode(data)))
        elif event == "notice":
            self.notice(decode(base64.b64decode(data)))

    def live(self):
        while True:
            try:
                self.hear()
            except (OSError, urllib.error.HTTPError) as error:
                print(f"cut {error}", file=sys.stderr, flush=True)
            self.session = None
            time.sleep(0.5)

    # ------------------------------------------------------------ posting

    def post(self):
        body = {"key": f"python-{now_ms()}", "capability": self.wanted, "input": {"value": {"n": 21}}}
        body.update(bounty=2 * MICRO, verifyBounty=MICRO // 10, deadlineMs=60_000)
        cid, wire = self.envelope("NEED", None, body)
        kind = "application/vnd.ipld.dag-cbor"
        told = self.ask_until_taken("/v1/needs", wire, kind)
        if told["need"] != cid:
            raise SystemExit(f"{told['need']} is not the id of these bytes")
        print(f"posted {cid}", flush=True)
        with urllib.request.urlopen(f"{self.url}/v1/needs/{cid}/events", timeout=60) as stream:
            for _ in stream:
                pass
        print("need", json.dumps(self.ask("GET", f"/v1/needs/{cid}")), flush=True)


def vectors(path):
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    key = Key(bytes.fromhex(given["seed"]))
    for one in given["envelopes"]:
        data = bytes.fromhex(one["bytes"])
        again = encode(decode(data))
        if again != data or cid_of(data) != one["id"]:
            raise SystemExit(f"{one['verb']} differs")
        if decode(signed(data, key))[1].hex() != one["signature"]:
            raise SystemExit(f"the signature of {one['verb']} differs")
    print(f"{len(given['envelopes'])} envelopes are the same")


def main():
    if sys.argv[1] == "vectors":
        return vectors(sys.argv[2])
    role, url, token_file, key_file, capability = sys.argv[1:]
    with open(token_file, encoding="utf-8") as file:
        token = file.read().strip()
    return Agent(url, token, key_in(key_file), role, capability).live()


main()
