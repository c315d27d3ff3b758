"""
An agent in Python, from the documentation alone (README.md beside this file):

    agent.py worker|verifier URL TOKENFILE KEYFILE CAPABILITY    doubles numbers, or judges who does
    agent.py post URL TOKENFILE KEYFILE CAPABILITY               signs a need of its own and waits
    agent.py vectors FILE                                        compares its bytes with frozen ones
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

from wire import Key, cid_of, decode, encode, signed

MICRO = 1_000_000
VALID_MS = 600_000


def now_ms():
    return int(time.time() * 1000)


def micro(text):
    whole, _, places = text.partition(".")
    return int(whole) * MICRO + int(places.ljust(6, "0"))


def key_in(path):
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(32))
    with open(path, "rb") as file:
        return Key(file.read())


class Agent:
    def __init__(self, url, token, key, role, capability):
        self.url, self.token, self.key = url, token, key
        self.name, self.posts = f"python-{role}", role == "post"
        self.role, self.capability = "worker" if self.posts else role, capability
        self.session = None
        self.nonces = {}  # the last one, by thread
        self.waiting = {}  # the wires of what has no receipt, by id
        self.done = set()  # notices that were answered
        known = self.ask("GET", f"/v1/agents/{key.did}")
        self.swarm, self.policy = known["swarm"], known["policy"]
        self.account = f"acct:{key.did}"
        self.nonces[self.account] = known["nonce"]
        self.to_say = []
        if not known["isRegistered"]:
            self.enter()

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

    # ------------------------------------------------------------ saying

    def enter(self):
        asked = {"did": self.key.did, "name": self.name, "role": self.role}
        welcome = self.ask("POST", "/v1/agents", json.dumps(asked).encode(), headers=self.with_token())
        attestations = [
            {**one, "signature": bytes.fromhex(one["signature"])} for one in welcome["attestations"]
        ]
        kinds = [] if self.posts else [self.capability]
        manifest = {"name": asked["name"], "roles": [self.role], "capabilities": kinds}
        self.to_say.append(("REGISTER", {"manifest": manifest, "attestations": attestations}))
        if micro(welcome["stake"]) > 0:
            self.to_say.append(("STAKE", {"amount": micro(welcome["stake"])}))

    def envelope(self, verb, thread, body):
        nonce = 1 if thread is None else self.nonces.get(thread, 0) + 1
        fields = {"v": 1, "swarm": self.swarm, "verb": verb, "from": self.key.did}
        fields.update(nonce=nonce, lamport=nonce, policy=self.policy, body=body, refs=[])
        fields.update(sentAtMs=now_ms(), expiresAtMs=now_ms() + VALID_MS)
        if thread is not None:
            fields["thread"] = thread
            self.nonces[thread] = nonce
        data = encode(fields)
        return cid_of(data), signed(data, self.key)

    def say(self, verb, thread, body):
        cid, wire = self.envelope(verb, thread, body)
        self.waiting[cid] = (verb, wire)
        self.send([wire])

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

    def say_next(self):
        if self.to_say and not self.waiting:
            verb, body = self.to_say.pop(0)
            self.say(verb, self.account, body)
        elif not self.waiting:
            print(f"here {self.key.did}", flush=True)
            if self.posts:
                self.post()
                raise SystemExit(0)

    def receipt(self, receipt):
        verb, _ = self.waiting.pop(receipt["envelope"], (None, None))
        if receipt["kind"] == "nack":
            print(f"refused {verb} {receipt['code']} {receipt.get('detail', '')}", flush=True)
        if verb in ("REGISTER", "STAKE"):
            self.say_next()

    def notice(self, notice):
        kind, need, attempt = notice["kind"], notice["need"], notice["attempt"]
        if kind == "ended":
            paid = sum(one["amount"] for one in notice["paid"] if one["to"] == self.key.did and not one.get("own"))
            print(f"ended {notice['outcome']} earned {paid}", flush=True)
            return
        what = (kind, need, attempt, notice.get("revision"), notice.get("seat"), notice.get("proposal"), notice.get("commit"))
        if what in self.done:
            return
        self.done.add(what)
        self.nonces[need] = max(self.nonces.get(need, 0), notice["nonce"])
        answer = self.answer(kind, notice)
        if answer is not None:
            verb, fields = answer
            self.say(verb, need, {"need": need, "attempt": attempt, **fields})

    def value_of(self, source):
        if "value" in source:
            return source["value"]
        with urllib.request.urlopen(f"{self.url}/v1/blocks/{source['cid']}", timeout=30) as answer:
            return decode(answer.read())

    def answer(self, kind, notice):
        if kind == "bid":
            price = notice["body"]["bounty"] // 2
            return "PROPOSE", {"bid": {"open": {"price": price, "etaMs": 1000, "patch": []}}}
        if kind == "award":
            return "CLAIM", {"ttlMs": 60_000}
        if kind == "work":
            output = {"twice": self.value_of(notice["body"]["input"])["n"] * 2}
            result = {"artifact": cid_of(encode(output)), "output": output}
            return "COMMIT", {"revision": notice["revision"], **result}
        if kind == "judge-plan":
            bid, body = notice["bid"], notice["body"]
            fits = bid["price"] <= body["bounty"] and bid["etaMs"] <= body["deadlineMs"]
            verdict = {"verdict": "pass" if fits else "fail", "policyDigest": self.policy}
            return "ATTEST_PLAN", {"proposal": notice["proposal"], "seat": notice["seat"], **verdict}
        if kind == "judge":
            output = notice.get("output")
            if output is None:
                output = self.value_of({"cid": notice["artifact"]})
            right = output == {"twice": self.value_of(notice["body"]["input"])["n"] * 2}
            verdict = {"verdict": "pass" if right else "fail", "policyDigest": self.policy}
            return "ATTEST", {"commit": notice["commit"], "seat": notice["seat"], **verdict}
        return None

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
        body = {"key": f"python-{now_ms()}", "capability": self.capability, "input": {"value": {"n": 21}}}
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
