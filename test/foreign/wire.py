"""Bytes of docs/protocol/envelope.md, with the standard library alone: CBOR, CID, did, Ed25519, signature."""

import hashlib
import struct

# ---------------------------------------------------------------- canonical bytes


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if n < limit:
            return bytes([major << 5 | code]) + struct.pack(form, n)
    raise ValueError("an integer is too large")


def encode(value):
    if value is None:
        return b"\xf6"
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        if value.is_integer() and abs(value) <= 2**53 - 1:
            return encode(int(value))
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(encode, value))
    keys = sorted((key.encode() for key in value), key=lambda key: (len(key), key))
    pairs = (head(3, len(key)) + key + encode(value[key.decode()]) for key in keys)
    return head(5, len(keys)) + b"".join(pairs)


def decode(data):
    value, end = _decode(data, 0)
    if end != len(data):
        raise ValueError("something follows the value")
    return value


def _decode(data, at):
    first = data[at]
    major, short = first >> 5, first & 31
    at += 1
    if major == 7:
        if short == 27:
            return struct.unpack_from(">d", data, at)[0], at + 8
        return {20: False, 21: True, 22: None}[short], at
    n = short
    if short >= 24:
        form = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}[short]
        (n,) = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        part = data[at : at + n]
        return (bytes(part) if major == 2 else part.decode()), at + n
    if major == 4:
        items = []
        for _ in range(n):
            item, at = _decode(data, at)
            items.append(item)
        return items, at
    result = {}
    for _ in range(n):
        key, at = _decode(data, at)
        result[key], at = _decode(data, at)
    return result, at


# ---------------------------------------------------------------- did and CID

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def did_of(public_key):
    number = int.from_bytes(b"\xed\x01" + public_key, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "did:key:z" + text


def cid_of(data):
    everything = b"\x01\x71\x12\x20" + hashlib.sha256(data).digest()
    bits = "".join(f"{byte:08b}" for byte in everything)
    bits += "0" * (-len(bits) % 5)
    return "b" + "".join(BASE32[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


# ---------------------------------------------------------------- Ed25519, RFC 8032 section 5.1

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
GY = 4 * pow(5, P - 2, P) % P
GX = 15112221349535400772501151409588531511454012693041857206046113283949847762202
G = (GX, GY, 1, GX * GY % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def pressed(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Key:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self._scalar = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | 1 << 254
        self._prefix = digest[32:]
        self.public = pressed(times(self._scalar, G))
        self.did = did_of(self.public)

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self._prefix + message).digest(), "little") % L
        point = pressed(times(r, G))
        k = int.from_bytes(hashlib.sha512(point + self.public + message).digest(), "little") % L
        return point + ((r + k * self._scalar) % L).to_bytes(32, "little")


def signed(data, key):
    """The wire form of one envelope: a tree of size one with an empty path."""
    root = hashlib.sha256(b"\x00" + data).digest()
    message = b"canswarm/v1/root\x00" + struct.pack(">I", 1) + root
    return encode([data, key.sign(message), 1, 0, []])
