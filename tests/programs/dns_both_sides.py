"""Lookups, and name servers that answer as the name says; run on the operating system and on a simulated host.

    python dns_both_sides.py THREADS      # JSON: a list for each thread of its lookups, [function, arguments...]

The threads run one after the other. Prints what the lookups of each gave, how long they took in whole seconds, and
which queries the servers at 127.0.0.1 and 127.0.0.2 saw meanwhile. A name's first label says what A and AAAA queries
get: `ok-servfail.test`.
"""

import json
import socket
import sys
import threading
import time

ADDRESSES = ("127.0.0.1", "127.0.0.2")
TYPES = {1: "A", 28: "AAAA", 12: "PTR"}
CODES = {"formerr": 1, "servfail": 2, "nx": 3, "notimp": 4, "refused": 5}


def question(query):
    """Name, type and where the question ends."""
    labels, place = [], 12
    while query[place]:
        labels.append(query[place + 1 : place + 1 + query[place]].decode())
        place += 1 + query[place]
    kind = int.from_bytes(query[place + 1 : place + 3], "big")
    return ".".join(labels), kind, place + 5


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(kind, data, owner=b"\xc0\x0c"):
    return owner + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data


def message(query, end, code=0, flags=0x8580, records=(), number=None):
    identity = query[:2] if number is None else number
    header = identity + (flags | code).to_bytes(2, "big") + b"\0\1" + len(records).to_bytes(2, "big") + bytes(4)
    return header + query[12:end] + b"".join(records)


class Servers:
    """Both servers' memory."""

    def __init__(self):
        self.seen = []
        self.counts = {}

    def answers(self, query, server, stream):
        """The messages that go back."""
        name, kind, end = question(query)
        key = (server, name, kind, stream)
        number = self.counts[key] = self.counts.get(key, 0) + 1
        self.seen.append([server, name, TYPES[kind], "tcp" if stream else "udp"])
        what = name.split(".")[0].split("-")
        what = what[kind == 28] if len(what) > 1 else what[0]
        if what.startswith("second"):
            what = "ok" if server else what.removeprefix("second")
        if (what == "drop" or (what == "dropfirst" and number == 1)) and not stream:
            return []
        good = self.good(query, kind, end)
        if what in CODES:
            return [message(query, end, CODES[what])]
        if what == "nodata":
            return [message(query, end)]
        if what == "lame":
            return [message(query, end, flags=0x8100)]
        if what == "tc" and not stream:
            return [message(query, end, flags=0x8780)]
        if what == "wrongid":
            wrong = bytes([query[0] ^ 1, query[1]])
            return [message(query, end, 3, number=wrong), good]
        if what == "wrongname":
            other = query[:12] + encoded("other.test") + query[end - 4 : end]
            return [message(other, len(other), 3), good]
        if what == "upper":
            return [message(query[:12] + query[12:end].upper(), end, records=[record(kind, self.data(kind))])]
        if what == "short":
            return [good[:7]]
        if what == "cut":
            return [good[:-2]]
        if what == "twice":
            return [good, good]
        if what == "alias":
            alias = record(5, encoded("real.test"))
            return [message(query, end, records=[alias, record(kind, self.data(kind), encoded("real.test"))])]
        if what == "none":
            return [message(query, end, records=[record(5, encoded("real.test"))])]
        return [good]

    def data(self, kind):
        if kind == 12:
            return encoded("host.test")
        return b"\x0a\x09\x09\x09" if kind == 1 else b"\xfd" + bytes(14) + b"\x09"

    def good(self, query, kind, end):
        return message(query, end, records=[record(kind, self.data(kind))])

    def datagrams(self, sock, server):
        while True:
            query, client = sock.recvfrom(512)
            for answer in self.answers(query, server, False):
                sock.sendto(answer, client)

    def connections(self, listener, server):
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as file:
                while size := file.read(2):
                    for answer in self.answers(file.read(int.from_bytes(size, "big")), server, True):
                        connection.sendall(len(answer).to_bytes(2, "big") + answer)


def start_servers():
    servers = Servers()
    for number, address in enumerate(ADDRESSES):
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        datagrams.bind((address, 53))
        listener = socket.create_server((address, 53))
        threading.Thread(target=servers.datagrams, args=(datagrams, number), daemon=True).start()
        threading.Thread(target=servers.connections, args=(listener, number), daemon=True).start()
    return servers


def look_up(name, arguments, results):
    """One lookup: what it gave, or its error."""
    try:
        results.append(getattr(socket, name)(*(tuple(one) if isinstance(one, list) else one for one in arguments)))
    except OSError as error:
        results.append([type(error).__name__, *error.args])


def main():
    servers = start_servers()
    report = []
    for lookups in json.loads(sys.argv[1]):
        servers.seen.clear()
        servers.counts.clear()
        began = time.monotonic()
        results = []

        def all_of_them(lookups=lookups, results=results):
            for name, *arguments in lookups:
                look_up(name, arguments, results)

        # glibc remembers in each thread what it has learned about its name servers.
        thread = threading.Thread(target=all_of_them)
        thread.start()
        thread.join()
        report.append([results, round(time.monotonic() - began), list(servers.seen)])
    print(json.dumps(report))


if __name__ == "__main__":
    main()
