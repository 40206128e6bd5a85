#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# python3 tests/fuzz/seeds.py: writes the first inputs of each corpus, small and
# well-formed, so that a fuzzer starts behind the first checks. Findings are
# added beside them by hand.
import hashlib
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def pack(v):
    """Canonical msgpack."""
    if v is None:
        return b"\xc0"
    if v is True or v is False:
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        if v >= 0:
            if v < 128:
                return bytes([v])
            for tag, size in ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)):
                if v < 1 << (8 * size):
                    return bytes([tag]) + v.to_bytes(size, "big")
        if v >= -32:
            return struct.pack("b", v)
        for tag, size in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
            if v >= -(1 << (8 * size - 1)):
                return bytes([tag]) + v.to_bytes(size, "big", signed=True)
    if isinstance(v, str):
        b = v.encode()
        if len(b) < 32:
            return bytes([0xA0 | len(b)]) + b
        tag = ((0xD9, 1), (0xDA, 2), (0xDB, 4))
        return head(tag, len(b)) + b
    if isinstance(v, bytes):
        return head(((0xC4, 1), (0xC5, 2), (0xC6, 4)), len(v)) + v
    if isinstance(v, (list, tuple)):
        start = bytes([0x90 | len(v)]) if len(v) < 16 else head(((0xDC, 2), (0xDD, 4)), len(v))
        return start + b"".join(pack(x) for x in v)
    if isinstance(v, dict):
        items = sorted((pack(k), pack(x)) for k, x in v.items())
        start = bytes([0x80 | len(v)]) if len(v) < 16 else head(((0xDE, 2), (0xDF, 4)), len(v))
        return start + b"".join(k + x for k, x in items)
    raise TypeError(v)


def head(tags, n):
    for tag, size in tags:
        if n < 1 << (8 * size):
            return bytes([tag]) + n.to_bytes(size, "big")
    raise ValueError(n)


def write(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def frame(type_, body, flags=0):
    return bytes([type_, flags]) + struct.pack(">H", len(body)) + body


H = b"\x11" * 32
LOG = {n: bytes([n]) * 16 for n in range(1, 17)}
STAMP = 1800000000000 << 16

# canon
VALUES = {
    "nil": None, "true": True, "small": 7, "u8": 200, "u16": 60000, "u32": 1 << 31, "u64": (1 << 64) - 1,
    "neg": -1, "i8": -100, "i16": -3000, "i32": -(1 << 31), "i64": -(1 << 63), "str": "Pôle ESS d'Auray",
    "str8": "é" * 40, "str16": "a" * 300, "bin": H, "bin16": b"\0" * 300, "array": [1, "a", None, [True, [[]]]],
    "array16": list(range(20)), "map": {1: "a", 2: {3: []}, 200: None, "x": b"y"},
    "map16": {i: i for i in range(20)}, "deep": [[[[[[[[]]]]]]]],
}
for name, value in VALUES.items():
    write("canon", name, pack(value))
for name, raw in {
    "bad-length": b"\xdd\xff\xff\xff\xff", "bad-long-int": b"\xcc\x07", "bad-dup": b"\x82\x01\x01\x01\x02",
    "bad-order": b"\x82\x02\x01\x01\x02", "bad-utf8": b"\xa1\xff", "bad-nul": b"\xa1\x00", "bad-float": b"\xca\0\0\0\0",
    "bad-ext": b"\xd4\x01\x02", "bad-trailing": b"\x01\x01", "bad-deep": b"\x91" * 20 + b"\x90",
}.items():
    write("canon", name, raw)

# change: [op, record_id, kind, edited, base, {field: value}]
RECORD = LOG[2] + LOG[9]
CHANGES = {
    "put-structure": [1, RECORD, 1, STAMP, None, {1: "public", 12: "L'Atelier", 11: "ess", 35: 475912345, 20: True,
                                                 41: ["a", "b"]}],
    "put-contact": [1, RECORD, 2, STAMP + 1, STAMP, {10: LOG[9], 12: "Père", 14: "a@b.example"}],
    "delete": [1, RECORD, 3, STAMP + 1, STAMP, {0: True}],
    "unknown-kind": [1, RECORD, 900, STAMP, None, {1: "public", 77: {1: 2}, 300: [1, 2]}],
    "genesis": [32, None, None, None, None, {1: "CRESS Bretagne", 2: H, 3: H, 4: H, 5: H, 6: "53"}],
    "member": [33, None, None, None, None, {1: LOG[2], 2: "Pôle", 3: "auray", 4: 1, 5: H, 6: H, 7: 1, 8: None,
                                            9: b"\x22" * 64, 10: H, 11: H, 12: b"\x33" * 64}],
    "open": [34, None, None, None, None, {1: LOG[2], 2: 1, 3: 1, 4: LOG[4], 5: LOG[5]}],
    "charter": [42, None, None, None, None, {1: "federation", 2: "1", 3: "Charte", 4: H}],
    "territory": [41, None, None, None, None, {1: "pays", 2: "auray", 3: "Pays d'Auray", 4: [["56007", "2020-01-01", None]]}],
    "invite": [47, None, None, None, None, {1: H, 2: "auray", 3: "Pôle", 4: 1800000000000, 5: True}],
    "answer": [3, RECORD, 1, STAMP, None, {1: LOG[5], 2: 7, 3: 0, 4: False, 5: "déjà fermé"}],
    "request-rotate": [5, LOG[2] + bytes(16), 0, STAMP, None, {1: 38, 2: H, 3: H, 4: 2, 5: b"\x22" * 64, 6: b"\x33" * 64}],
    "revoke": [37, None, None, None, None, {1: LOG[2], 2: [[LOG[5], 3, H], [LOG[6], 0, None]]}],
    "rotate": [38, None, None, None, None, {1: LOG[2], 2: H, 3: H, 4: 2, 5: [[LOG[5], 3, H]], 6: None, 7: b"\x33" * 64}],
    "steward": [39, None, None, None, None, {1: RECORD, 2: 1, 3: LOG[2], 4: LOG[3], 5: [LOG[5], 2, 0], 6: [LOG[6], 1, 255],
                                             7: [[LOG[5], 3, H]]}],
    "forget": [40, None, None, None, None, {1: RECORD, 2: 1, 3: STAMP, 4: [[LOG[5], 2, 0], [LOG[6], 1, 7]], 5: LOG[2], 6: 1,
                                            7: b"\x22" * 64}],
    "checkpoint": [43, None, None, None, None, {1: [[LOG[5], 3, H], [LOG[6], 9, H]]}],
    "resolve": [44, None, None, None, None, {3: 4, 4: H, 5: [H, H]}],
    "recover": [48, None, None, None, None, {1: H, 2: H, 3: 2, 4: 9, 5: H, 6: H, 7: b"\x22" * 64}],
}
for name, value in CHANGES.items():
    write("change", name, pack(value))


# commit: [header, signature, [[salt, change] | nil, ...]]
def commit(changes, seq=1, ctl=(1, H)):
    packed = [pack(c) for c in changes]
    digests = []
    for c in packed:
        h = hashlib.blake2b(c, digest_size=32, key=LOG[4], person=b"essaim1 change__").digest()
        digests.append([h, len(c)])
    header = pack([1, H, LOG[12], seq, H, STAMP + 2, ctl[0], ctl[1], 1, digests])
    return pack([header, b"\x44" * 64, [[LOG[4], c] for c in packed]])


for name, value in CHANGES.items():
    write("commit", name, commit([value]))
write("commit", "founding", commit([CHANGES[n] for n in ("genesis", "charter", "territory", "invite")]))
write("commit", "many", commit([CHANGES["put-structure"]] * 20, 70000, (None, None)))
write("commit", "erased", pack([pack([1, H, LOG[12], 2, H, STAMP, None, None, 1, [[H, 40]]]), b"\0" * 64, [None]]))

# frames: two bytes of options, then type, flags, length, body
ZSTD = bytes.fromhex("28b52ffd2004210000") + b"abcd"  # "abcd", stored, of known size
write("frame", "hello", b"\0\0" + frame(1, pack([1, H])))
write("frame", "pieces", b"\0\x01" + frame(1, b"x" * 50) + frame(11, pack([])))
write("frame", "more", b"\0\x07" + frame(5, b"a" * 20, 2) + frame(5, b"b" * 20, 2) + frame(5, b"c"))
write("frame", "zstd", b"\0\0" + frame(5, ZSTD, 1))
write("frame", "zstd-more", b"\0\0" + frame(5, ZSTD[:5], 3) + frame(5, ZSTD[5:], 1))
write("frame", "bad-type", b"\0\0" + frame(0, b"") + frame(99, b""))
write("frame", "bad-mix", b"\0\0" + frame(5, b"a", 2) + frame(6, b"b"))
write("frame", "bad-bomb", b"\0\0" + frame(5, bytes.fromhex("28b52ffda0ffffff7f") + b"\0" * 8, 1))
write("frame", "raw", b"\x01\0" + b"\x00\x20" + b"r" * 32)
write("frame", "raw-short", b"\x01\x03" + b"\xff\xff" + b"r" * 100)

# invitation: bytes inside, and text
host = b"cress.example"
inside = bytes([1]) + H + H + LOG[7] + (1800000000).to_bytes(5, "big") + (4446).to_bytes(2, "big")
write("invitation", "inside", inside + bytes([len(host)]) + host)
write("invitation", "inside-bad-host", inside + bytes([len(host) + 9]) + host)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(b):
    bits = "".join(f"{x:08b}" for x in b)
    bits += "0" * (-len(bits) % 5)
    return "".join(ALPHABET[int(bits[i:i + 5], 2)] for i in range(0, len(bits), 5))


body = inside + bytes([len(host)]) + host
body += hashlib.blake2b(body, digest_size=32, person=b"essaim1 invite__").digest()[:4]
text = "ESSAIM1-" + base32(body)
write("invitation", "text", text.encode())
write("invitation", "text-dashes", ("-".join(text[i:i + 5] for i in range(0, len(text), 5))).lower().encode())
write("invitation", "text-mistyped", (text[:40] + "Z" + text[41:]).encode())
write("invitation", "join-ask", pack([1, H, LOG[7]]))
write("invitation", "join-accept", pack([2, H, LOG[7], "Pôle", H, H, "127.0.0.1:4446", b"\x55" * 64]))
write("invitation", "joined-offer", pack([1, "CRESS Bretagne", "CRESS", "auray", "Pôle", "Charte", H, "53"]))
write("invitation", "joined-state", pack([2, 1]))

# session: the peer (0 hub, 1 stranger, 2 bytes, 3 home), then frames and events
FED = b"\0" * 32


def hello(member, role):
    return frame(1, pack([1, FED, LOG[member], LOG[8], 1, role, 1800000000000, "seed"]))


frontier = frame(2, pack([[LOG[10], 5, FED], [LOG[12], 9, H], [LOG[13], 1, H]]))
credit = frame(3, pack([4]))
want = frame(4, pack([[LOG[10], 1], [LOG[11], 1], [LOG[12], 1], [LOG[15], 1], [LOG[16], 1]]))
commits = frame(5, pack([LOG[12], [commit([CHANGES["put-structure"]], 4)]]))
ack = frame(6, pack([[LOG[11], 1, H]]))
nack = frame(7, pack([LOG[12], 4, 33]))
write("session", "hub", b"\0" + hello(2, 1) + frontier + credit + want + commits + ack + nack)
write("session", "hub-events", b"\0" + hello(2, 1) + frontier + credit + want + bytes([131, 0, 132, 1, 132, 2, 133, 0])
      + commits + bytes([134, 200]) + frame(11, pack([])) + bytes([134, 250]) * 2 + frame(14, pack([0])))
write("session", "hub-no-credit", b"\0" + hello(2, 1) + commits * 3)
write("session", "hub-wrong-federation", b"\0" + frame(1, pack([1, H, LOG[2], LOG[8], 1, 1, 1, "x"])))
write("session", "hub-other-id", b"\0" + hello(3, 1))
write("session", "stranger", b"\x01" + hello(2, 1) + want)
write("session", "stranger-join", b"\x01" + frame(9, pack([1, FED, LOG[7]])) + bytes([135, 0])
      + frame(9, pack([2, FED, LOG[7], "Pôle", H, H, "", b"\x55" * 64])))
write("session", "bytes", b"\x02ESSAIM\r\n\x01\x01\0\0\0\0\0\0" + b"\0\x30" + b"k" * 48)
write("session", "bytes-http", b"\x02GET / HTTP/1.0\r\n\r\n")
write("session", "bytes-bad-length", b"\x02ESSAIM\r\n\x01\x01\0\0\0\0\0\0\xff\xff")
write("session", "home", b"\x03" + hello(1, 2) + frontier + credit + want + commits + ack)
write("session", "home-ahead", b"\x03" + hello(1, 2) + frame(2, pack([[LOG[10], 9, H]]))
      + frame(5, pack([LOG[10], [commit([CHANGES["invite"]], 6)]])))
lower = frame(2, pack([[LOG[10], 5, FED], [LOG[12], 2, H], [LOG[11], 0, FED]]))
returned = frame(16, pack([H]))
write("session", "hub-pending", bytes([4]) + hello(2, 1) + lower + credit + commits + ack)
write("session", "hub-fenced", bytes([8]) + hello(2, 1) + frontier + want + commits + bytes([132, 2]))
write("session", "hub-behind", bytes([16]) + hello(2, 1))
write("session", "hub-differs", b"\0" + hello(2, 1) + lower + bytes([130, 2]) + credit + bytes([137, 5]) + commits
      + bytes([130, 4]) + commits)
write("session", "hub-returns", b"\0" + hello(2, 1) + frame(2, pack([[LOG[10], 5, FED]])) + bytes([139, 0])
      + frame(15, pack([[commit([CHANGES["put-structure"]], 4)]])) + bytes([140, 0]) + returned)
write("session", "hub-forks", b"\0" + hello(2, 1) + frontier + bytes([138, 2]) + frame(8, pack([LOG[12], 4, H])))
write("session", "hub-revoked", b"\0" + hello(2, 1) + frontier + credit + bytes([132, 128 + 1]))
write("session", "stranger-control", b"\x01" + hello(2, 1) + frame(2, pack([[LOG[10], 9, H]])) + credit
      + frame(5, pack([LOG[10], [commit([CHANGES["invite"]], 6)]])))
write("session", "home-pending", b"\x03" + frame(1, pack([1, FED, LOG[1], LOG[8], 1, 2, 1800000000000, "seed"])) + lower + want)
write("session", "home-fork", b"\x03" + hello(1, 2) + bytes([130, 3]) + frame(2, pack([[LOG[10], 9, H]]))
      + frame(5, pack([LOG[10], [commit([CHANGES["invite"]], 6)]])) + bytes([134, 200]))

# csv: kind, options, then the file
sample = os.path.join(HERE, "..", "..", "conf", "sample")
kinds = "structures contacts offres besoins partenariats suivis diagnostics evenements inscriptions".split()
for number, kind in enumerate(kinds):
    for pole in ("auray", "fougeres", "morlaix"):
        with open(os.path.join(sample, "pole-" + pole, kind + ".csv"), "rb") as f:
            lines = f.readlines()[:3]
        write("csv", f"{kind}-{pole}", bytes([number, number & 1]) + b"".join(lines))
write("csv", "quotes", b"\x02\x01uid;titre\r\n;\"a;\"\"b\"\"\r\nc\"\r\n;\"open")
write("csv", "strays", "\0\0nom;commune;description;sigle\nUn;FOUGERES CEDEX 2;\"pas ferme\nDeux;Brest;=\"1\";\"=\"\"2\"\"\"\"3\"\n\u00a0;\u200b\n\"Trois\" x;\"a;b\" c\n".encode())
write("csv", "sep-line", b"\x00\x00sep=;\nnom;type_acteur\nL'Atelier;ess\n")
write("csv", "cr-only", b"\x00\x00nom,type_acteur\rAtelier,ess\r")
write("csv", "aliases", "\0\0Nom de la structure;Numéro SIRET;inconnue\nL’Œuvre;732 829 320 00074;x\n".encode())
write("csv", "empty", b"\x00\x00")
