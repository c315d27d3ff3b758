"""
An agent in Python that reaches a cluster over NATS alone, from the documentation (docs/agents/nats.md):

    nats_agent.py did KEYFILE                                                     its did, for its welcome
    nats_agent.py worker|verifier HOST:PORT CLUSTER KEYFILE WELCOME CAPABILITY    doubles, or judges who does

The protocol of NATS is lines over TCP: INFO, CONNECT, PING, PONG, SUB, PUB, MSG.
"""

import base64
import json
import os
import socket
import struct
import sys
import time

from trader import Trader, key_in, now_ms
from wire import BASE32, cid_of, decode, encode

ATTACH_S = 3
AGAIN_S = 1
PART_BYTES = 512 * 1024
SYSTEM = 256


def nkey_of(public):
    """The key as NATS names it: base32 of a prefix, the key and a CRC-16."""
    data, crc = b"\xa0" + public, 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return base64.b32encode(data + struct.pack("<H", crc)).decode().rstrip("=")


def digest_of(cid):
    bits = "".join(f"{BASE32.index(letter):05b}" for letter in cid[1:])
    return int(bits[:288], 2).to_bytes(36, "big")[4:]


def bucket_of(thread):
    return SYSTEM if thread.startswith("acct:") else digest_of(thread)[0]


class Nats:
    """One connection; what is heard comes as (subject, bytes)."""

    def __init__(self, place, key, subjects):
        host, _, port = place.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.pending = b""
        info = json.loads(self.line().removeprefix(b"INFO "))
        options = {"verbose": False, "pedantic": False, "lang": "python", "version": "1", "protocol": 1}
        if "nonce" in info:
            signature = base64.urlsafe_b64encode(key.sign(info["nonce"].encode())).decode().rstrip("=")
            options.update(nkey=nkey_of(key.public), sig=signature)
        self.write(f"CONNECT {json.dumps(options)}\r\n".encode())
        for number, subject in enumerate(subjects, 1):
            self.write(f"SUB {subject} {number}\r\n".encode())
        self.write(b"PING\r\n")

    def write(self, data):
        self.socket.sendall(data)

    def publish(self, subject, data):
        self.write(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")

    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise OSError("the server closed the connection")
        self.pending += part

    def line(self):
        while b"\r\n" not in self.pending:
            self.more()
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line

    def hear(self, seconds):
        """The next message, or None after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                if b"\r\n" not in self.pending:
                    self.more()
                    continue
            except TimeoutError:
                return None
            self.socket.settimeout(10)
            line = self.line()
            if line == b"PING":
                self.write(b"PONG\r\n")
            elif line.startswith(b"-ERR"):
                raise OSError(line.decode())
            elif line.startswith(b"MSG "):
                words = line.decode().split(" ")
                size = int(words[-1])
                while len(self.pending) < size + 2:
                    self.more()
                data, self.pending = self.pending[:size], self.pending[size + 2 :]
                return words[1], data


class Agent(Trader):
    def __init__(self, place, cluster, key, welcome_file, role, capability):
        self.place, self.cluster, self.key, self.count = place, cluster, key, 0
        self.own = f"{cluster}.agent.{key.did.replace(':', '_')}"
        self.life = os.urandom(6).hex()
        self.heard = []  # while an answer was waited for
        self.connect()
        with open(welcome_file, encoding="utf-8") as file:
            welcome = json.load(file)
        known = self.ask(SYSTEM, {"what": "account"})
        super().__init__(key, f"python-{role}", role, capability, known, lambda: welcome)

    def connect(self):
        self.nats = Nats(self.place, self.key, [self.own, f"{self.own}.answer"])

    # ------------------------------------------------------------ asking

    def ask(self, bucket, ask):
        """Signed anew each time: an answer may be lost."""
        while True:
            self.count += 1
            name = f"{self.life}-{self.count}"
            asked = encode({"from": self.key.did, "id": name, "timeMs": now_ms(), "ask": ask})
            signature = self.key.sign(b"canswarm/v1/ask\x00" + asked)
            self.nats.publish(f"{self.cluster}.door.{bucket}", encode([asked, signature]))
            end = time.monotonic() + AGAIN_S
            while (left := end - time.monotonic()) > 0:
                message = self.nats.hear(left)
                if message is None:
                    break
                subject, data = message
                if subject != f"{self.own}.answer":
                    self.heard.append(data)
                    continue
                answer = decode(data)
                if answer["id"] == name and "ok" in answer:
                    return answer["ok"]
                if answer["id"] == name and answer["code"] != "BUSY":
                    raise SystemExit(f"{answer['code']} {answer['detail']}")

    def block(self, cid):
        whole, part = b"", 0
        while True:
            answer = self.ask(digest_of(cid)[0], {"what": "block", "cid": cid, "part": part})
            whole += answer.get("bytes", b"")
            part += 1
            if part >= answer["parts"]:
                break
        if cid_of(whole) != cid:
            raise SystemExit(f"{cid} is another block")
        return whole

    # ------------------------------------------------------------ saying and hearing

    def send(self, wires):
        for wire in wires:
            envelope = decode(decode(wire)[0])
            bucket = bucket_of(envelope["thread"])
            message = encode({"type": "envelopes", "wires": [wire]})
            self.nats.publish(f"{self.cluster}.bucket.{bucket}", message)

    def live(self):
        while True:
            try:
                self.trade()
            except OSError as error:
                print(f"cut {error}", file=sys.stderr, flush=True)
                time.sleep(0.5)
                try:
                    self.connect()
                except OSError:
                    pass

    def trade(self):
        """What has no receipt is sent again, with a sign that the agent is here."""
        self.say_next()
        while True:
            there = encode({"type": "attach", "agents": [self.key.did]})
            self.nats.publish(f"{self.cluster}.presence", there)
            self.send([wire for _, wire in self.waiting.values()])
            end = time.monotonic() + ATTACH_S
            while (left := end - time.monotonic()) > 0:
                if self.heard:
                    self.told(self.heard.pop(0))
                    continue
                message = self.nats.hear(left)
                if message is not None and message[0] == self.own:
                    self.told(message[1])

    def told(self, data):
        message = decode(data)
        for item in message["items"]:
            if message["type"] == "receipts":
                self.receipt(decode(item["bytes"]))
            elif message["type"] == "notices":
                self.notice(decode(item))
            # What is "rejected" is said again in a moment, as what has no answer is.


def main():
    if sys.argv[1] == "did":
        print(key_in(sys.argv[2]).did)
        return
    role, place, cluster, key_file, welcome_file, capability = sys.argv[1:]
    Agent(place, cluster, key_in(key_file), welcome_file, role, capability).live()


main()
