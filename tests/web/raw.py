# SPDX-License-Identifier: Apache-2.0
#
# raw.py PORT WHAT [ARGUMENT...]: requests that no browser sends, byte by byte. Prints one
# line of facts for the script to compare.
import os
import re
import select
import socket
import sys
import time

PORT = int(sys.argv[1])
HOST = b"Host: 127.0.0.1:%d\r\n" % PORT


def dial():
    s = socket.create_connection(("127.0.0.1", PORT), timeout=30)
    s.settimeout(30)
    return s


def answer(s, seconds=10):
    """All that comes until the other end closes, or for so long."""
    got, end = b"", time.time() + seconds
    while time.time() < end:
        ready, _, _ = select.select([s], [], [], max(0, end - time.time()))
        if not ready:
            break
        try:
            part = s.recv(65536)
        except ConnectionError:
            return got, True
        if not part:
            return got, True
        got += part
    return got, False


def statuses(got):
    return [code.decode() for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]


def send(request, seconds=10):
    s = dial()
    try:
        s.sendall(request)
    except ConnectionError:
        pass
    got, closed = answer(s, seconds)
    s.close()
    return statuses(got), closed


def show(request):
    codes, closed = send(request)
    print(" ".join(codes) or "none", "closed" if closed else "open")


POST = b"POST /api/v1/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
INNER = b"GET /essai.js HTTP/1.1\r\n" + HOST + b"\r\n"

SHAPES = {
    # What another reader would take for a second request must not be answered.
    "two-lengths": POST + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n{}" % (2 + len(INNER)) + INNER,
    "same-length-twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + INNER,
    "length-and-chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "two-codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + INNER,
    "odd-coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + INNER,
    "length-list": POST + b"Content-Length: 2, 2\r\n\r\n{}" + INNER,
    "length-plus": POST + b"Content-Length: +2\r\n\r\n{}" + INNER,
    "length-huge": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}" + INNER,
    # libmicrohttpd reads a value up to its NUL: what is behind must not count.
    "nul": b"GET /api/v1/me HTTP/1.1\r\n" + HOST + b"Origin: http://evil.example\0http://127.0.0.1:%d\r\n\r\n" % PORT,
    "nul-in-name": b"GET /api/v1/me HTTP/1.1\r\n" + HOST + b"Transfer-Encoding\0: chunked\r\nConnection: close\r\n\r\n",
    "no-host": b"GET / HTTP/1.1\r\n\r\n",
    "two-hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "body-of-get": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "http-1.0": b"GET / HTTP/1.0\r\n" + HOST + b"\r\n",
    "big-header": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 100000 + b"\r\n\r\n",
    "big-length": POST + b"Content-Length: 1048577\r\n\r\n",
    "good": b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    "two-in-a-row": INNER + b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
}


def endless(token):
    """A body in chunks without end: how many bytes are taken before the line is cut."""
    s = dial()
    s.sendall(b"POST /api/v1/records HTTP/1.1\r\n" + HOST + b"X-Essaim-CSRF: " + token.encode() +
              b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    sent, chunk = 0, b"10000\r\n" + b" " * 65536 + b"\r\n"
    try:
        while sent < 64 * 1024 * 1024:
            s.sendall(chunk)
            sent += 65536
    except (ConnectionError, socket.timeout):
        pass
    print("cut" if sent < 16 * 1024 * 1024 else "taken")


def slowly(head, rest, seconds):
    """The head at once, then a byte a second. When is the line cut?"""
    s, began = dial(), time.time()
    request, at = rest, 0
    s.sendall(head)
    while time.time() - began < seconds:
        try:
            s.sendall(request[at:at + 1])
        except ConnectionError:
            break
        at += 1
        ready, _, _ = select.select([s], [], [], 1)
        if ready:
            try:
                if not s.recv(4096):
                    break
            except ConnectionError:
                break
    return time.time() - began


def many(count):
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    out = []
    for _ in range(count):
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(("127.0.0.1", PORT))
        except BlockingIOError:
            pass
        out.append(s)
    return out


def stay(until):
    end = time.time() + 60
    while not os.path.exists(until) and time.time() < end:
        time.sleep(0.2)


def crowd(count, ready, until):
    """So many that want to listen to /events, and idle; `ready` is made once all have asked, and
    they stay until `until` is there."""
    request = b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n"
    poll, codes, end, sockets = select.epoll(), {}, time.time() + 40, {s.fileno(): s for s in many(count)}
    for fd in sockets:
        poll.register(fd, select.EPOLLOUT)
    while time.time() < end and sum(codes.values()) < count:
        for fd, event in poll.poll(0.2):
            try:
                if event & select.EPOLLOUT:
                    sockets[fd].send(request)
                    poll.modify(fd, select.EPOLLIN)
                    continue
                code = (statuses(sockets[fd].recv(4096)) or ["none"])[0]
            except ConnectionError:
                code = "none"
            poll.unregister(fd)
            codes[code] = codes.get(code, 0) + 1
    print(" ".join("%s:%d" % one for one in sorted(codes.items())), flush=True)
    open(ready, "w").close()
    stay(until)


def mute(count, ready, until):
    """So many that say nothing at all."""
    sockets = many(count)
    time.sleep(1)
    open(ready, "w").close()
    stay(until)
    print(len(sockets))


what, rest = sys.argv[2], sys.argv[3:]
if what in SHAPES:
    show(SHAPES[what])
elif what == "endless":
    endless(rest[0])
elif what == "slow-header":
    print(int(slowly(b"GET / HTTP/1.1\r\n", HOST + b"X-A: " + b"a" * 1000, 40)))
elif what == "slow-body":
    print(int(slowly(b"POST /api/v1/records HTTP/1.1\r\n" + HOST + b"X-Essaim-CSRF: " + rest[0].encode() +
                     b"\r\nContent-Length: 1000\r\n\r\n", b" " * 1000, 40)))
elif what == "crowd":
    crowd(int(rest[0]), rest[1], rest[2])
elif what == "mute":
    mute(int(rest[0]), rest[1], rest[2])
else:
    sys.exit("raw.py: %s?" % what)
