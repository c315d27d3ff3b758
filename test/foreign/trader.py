"""
What an agent says and hears, however it is carried (docs/protocol/envelope.md, notices.md): it doubles
numbers, or judges who does. Below it stands a way to send envelopes, and to read a block.
"""

import os
import time

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


class Trader:
    def __init__(self, key, name, role, capability, known, welcome):
        self.key, self.name, self.role, self.capability = key, name, role, capability
        self.swarm, self.policy = known["swarm"], known["policy"]
        self.account = f"acct:{key.did}"
        self.nonces = {self.account: known["nonce"]}  # the last one, by thread
        self.waiting = {}  # the wires of what has no receipt, by id
        self.done = set()  # notices that were answered
        self.to_say = []
        if not known["isRegistered"]:
            self.enter(welcome())

    def send(self, wires):
        raise NotImplementedError

    def block(self, cid):
        raise NotImplementedError

    def here(self):
        print(f"here {self.key.did}", flush=True)

    # ------------------------------------------------------------ saying

    def enter(self, welcome):
        """With what `canswarm welcome` printed, or POST /v1/agents answered."""
        attestations = [
            {**one, "signature": bytes.fromhex(one["signature"])} for one in welcome["attestations"]
        ]
        kinds = [] if self.capability is None else [self.capability]
        manifest = {"name": self.name, "roles": [self.role], "capabilities": kinds}
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

    def say_next(self):
        if self.to_say and not self.waiting:
            verb, body = self.to_say.pop(0)
            self.say(verb, self.account, body)
        elif not self.waiting:
            self.here()

    # ------------------------------------------------------------ hearing

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
        return source["value"] if "value" in source else decode(self.block(source["cid"]))

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
