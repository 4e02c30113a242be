"""dig(1) for a simulated host: a program like any other, which asks a name server over the network.

    farhost run "server.py" "client=dig server"          in a run
    farhost dig server --from client                     in a network that is up

It is run as a script, so it imports nothing of farhost's. Whom to ask unless `@SERVER` says it comes in the
environment, since a simulated host has no file /etc/resolv.conf.
"""

import os
import random
import socket
import sys
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.reversename

SERVERS = "FARHOST_NAME_SERVERS"
"""Addresses, separated by commas."""
PORT = 53
TIMEOUT_S = 5
TRIES = 3
NO_REPLY = 9
"""dig's exit status where no server answers."""
USAGE = "dig [@SERVER] [-x ADDRESS | NAME] [TYPE] [+short] [+tcp]"


class Wanted:
    """What the words of the command line ask for."""

    def __init__(self, words: list[str]) -> None:
        """ValueError, DNSException."""
        self.server = ""
        self.kind = "A"
        self.short = self.tcp = False
        name = ""
        words = list(words)
        while words:
            word = words.pop(0)
            if word.startswith("@"):
                self.server = word[1:]
            elif word in ("+short", "+tcp"):
                setattr(self, word[1:], True)
            elif word == "-x" and words:
                self.kind = "PTR"
                name = dns.reversename.from_address(words.pop(0)).to_text()
            elif word.startswith(("+", "-")):
                raise ValueError(f"no option {word!r}")
            elif name:
                self.kind = word.upper()
            else:
                name = word
        if not name:
            raise ValueError("no name to look up")
        self.name = dns.name.from_text(name)
        self.query = dns.message.make_query(self.name, self.kind, id=random.randrange(1 << 16))
        self.query.flags |= dns.flags.AD


def addresses_of(server: str) -> list[str]:
    """Whom to ask. OSError for a server that is not known by its name."""
    if server:
        return [str(socket.getaddrinfo(server, PORT, type=socket.SOCK_DGRAM)[0][4][0])]
    return [address for address in os.environ.get(SERVERS, "").split(",") if address]


def ask_by_datagram(address: str, wire: bytes) -> bytes:
    """The answer to a query. OSError, TimeoutError where none comes in time."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((address, PORT))
        sock.send(wire)
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            data = sock.recv(65535)
            if data[:2] == wire[:2]:
                return data


def ask_by_stream(address: str, wire: bytes) -> bytes:
    """Likewise, on a connection."""
    with socket.create_connection((address, PORT), TIMEOUT_S) as sock, sock.makefile("rwb") as file:
        file.write(len(wire).to_bytes(2, "big") + wire)
        file.flush()
        return file.read(int.from_bytes(file.read(2), "big"))


def ask(addresses: list[str], wanted: Wanted) -> tuple[str, bytes, bool]:
    """Who answered what, and whether by TCP. OSError where nobody did."""
    wire = wanted.query.to_wire()
    failure: OSError = TimeoutError("timed out")
    for _ in range(TRIES):
        for address in addresses:
            try:
                data = b"" if wanted.tcp else ask_by_datagram(address, wire)
                stream = not data or bool(data[2] & 2)
                return address, ask_by_stream(address, wire) if stream else data, stream
            except OSError as error:
                failure = error
                print(f";; communications error to {address}#{PORT}: {str(error).lower()}")
    raise failure


def show(answer: dns.message.Message) -> None:
    """An answer as dig writes it."""
    status, opcode = dns.rcode.to_text(answer.rcode()), dns.opcode.to_text(answer.opcode())
    print(";; Got answer:")
    print(f";; ->>HEADER<<- opcode: {opcode}, status: {status}, id: {answer.id}")
    counts = [len(answer.question), *(sum(map(len, part)) for part in (answer.answer, answer.authority))]
    flags = dns.flags.to_text(answer.flags).lower()
    print(f";; flags: {flags}; QUERY: {counts[0]}, ANSWER: {counts[1]}, AUTHORITY: {counts[2]}, ADDITIONAL: 0\n")
    print(";; QUESTION SECTION:")
    for one in answer.question:
        print(f";{one.name}\t\tIN\t{dns.rdatatype.to_text(one.rdtype)}")
    for title, part in (("ANSWER", answer.answer), ("AUTHORITY", answer.authority)):
        if part:
            print(f"\n;; {title} SECTION:")
        for records in part:
            for data in records:
                print(f"{records.name}\t{records.ttl}\tIN\t{dns.rdatatype.to_text(records.rdtype)}\t{data}")


def main() -> int:
    """Ask, and say what came; the exit status."""
    try:
        wanted = Wanted(sys.argv[1:])
        addresses = addresses_of(wanted.server)
    except (ValueError, dns.exception.DNSException, OSError) as error:
        print(f"dig: {error}: {USAGE}", file=sys.stderr)
        return 1
    if not addresses:
        print("dig: this host asks no name server: name one, as in @10.0.0.1", file=sys.stderr)
        return NO_REPLY
    began_ns = time.monotonic_ns()
    try:
        address, data, stream = ask(addresses, wanted)
        answer = dns.message.from_wire(data, ignore_trailing=True)
    except OSError:
        print(";; no servers could be reached")
        return NO_REPLY
    except dns.exception.DNSException as error:
        print(f";; malformed answer: {error}")
        return NO_REPLY
    took_ms = (time.monotonic_ns() - began_ns) // 1_000_000
    if wanted.short:
        for records in answer.answer:
            print(*records, sep="\n")
        return 0
    print(f"; <<>> farhost dig <<>> {' '.join(sys.argv[1:])}")
    show(answer)
    print(f"\n;; Query time: {took_ms} msec")
    print(f";; SERVER: {address}#{PORT} ({'TCP' if stream else 'UDP'})")
    print(f";; MSG SIZE  rcvd: {len(data)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
