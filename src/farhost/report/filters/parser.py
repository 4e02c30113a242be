"""A filter's text to the test that it is: the grammar of pcap-filter(7), and farhost's own words.

`and` and `or` bind alike and from left to right, `not` binds tightest: `not a or b and c` is `((not a) or b) and c`.
A word without qualifiers has those of the word before it: `tcp port 80 or 443`. As in libpcap's grammar these are
`[protocol] [direction] [type]` in this order, and a word alone is nothing: tcpdump refuses `10.0.0.1` too.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from farhost.kernel.syscalls.signatures import CALLS
from farhost.network.services import service_by_name
from farhost.report.filters import arithmetic, tests
from farhost.report.filters.names import Names
from farhost.report.filters.tests import PROTOCOLS, Test, Whom
from farhost.report.filters.tokens import FilterError, Token, suggestion, tokens_of
from farhost.units import UnitError, parse_duration
from farhost.wire.addresses import AddressError, parse_address, parse_network
from farhost.wire.packet import IpAddress

DIRECTIONS = ("src", "dst")
TYPES = ("host", "net", "port", "portrange", "proto", "call", "process", "time")
OTHERS = ("greater", "less", "len", *tests.WORDS)
JOINS = ("and", "or", "not")
KEYWORDS = frozenset({*DIRECTIONS, *TYPES, *OTHERS, *JOINS, *PROTOCOLS})
ALIASES = {
    "accept": "accept4",
    "send": "sendto",
    "recv": "recvfrom",
    "pipe": "pipe2",
    "epoll_create": "epoll_create1",
}
"""Calls by the names that people know, as Linux makes them."""
_HIGHEST_PORT = 65535
_FOREVER_NS = 1 << 62


class Qualifiers(NamedTuple):
    """What stands before a word."""

    protocol: str = ""
    direction: str = ""
    type: str = "host"


def parse(text: str, names: Names) -> Test:
    """The test that a filter is; FilterError. An empty one lets everything through.

    >>> parse("host a and tcp port 80", Names({"b": []}))
    Traceback (most recent call last):
        ...
    farhost.report.filters.tokens.FilterError: no host 'a': there are b
      host a and tcp port 80
           ^
    """
    parser = _Parser(text, names)
    if parser.token() is None:
        return lambda sight: True
    test = parser.expression()
    left = parser.token()
    if left is not None:
        what = "closes nothing" if left.text == ")" else "is one word too many: join it by `and` or `or`"
        raise parser.error(f"{left.text!r} {what}", left)
    return test


class _Parser:
    """Recursive descent, one function a rule."""

    def __init__(self, text: str, names: Names) -> None:
        self._text = text
        self._names = names
        self._tokens = tokens_of(text)
        self._at = 0
        self._before: Qualifiers | None = None
        """Those of the word before, for a word that has none."""

    # Tokens.

    def token(self, ahead: int = 0) -> Token | None:
        """The next one."""
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def error(self, message: str, token: Token | None) -> FilterError:
        """A mistake, at a token or at the end."""
        if token is None:
            return FilterError(message, self._text, len(self._text.rstrip()) + 1, 0)
        return FilterError(message, self._text, token.start, token.end)

    def _is(self, *words: str, ahead: int = 0) -> bool:
        token = self.token(ahead)
        return token is not None and not token.quoted and token.text in words

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _expect(self, word: str, why: str) -> None:
        if not self._is(word):
            raise self.error(f"{word!r} is missing{why}", self.token())
        self._at += 1

    # Rules.

    def expression(self) -> Test:
        """Terms joined by and, or, from left to right."""
        test = self._term()
        while self._is("and", "or"):
            join = self._take().text
            following = self._word_or_term()
            test = tests.both(test, following) if join == "and" else tests.either(test, following)
        return test

    def _word_or_term(self) -> Test:
        """Behind and, or: a word with the qualifiers of the one before, or a term."""
        ahead = 0
        while self._is("not", "(", ahead=ahead) and not self._is_arithmetic(ahead):
            ahead += 1
        token = self.token(ahead)
        is_word = token is not None and (token.quoted or token.text not in {*KEYWORDS, ")"})
        if not is_word or self._is_arithmetic(ahead):
            return self._term()
        if self._before is None:
            raise self._unqualified(token)
        return self._words(self._before)

    def _term(self) -> Test:
        if self._is("not"):
            self._at += 1
            return tests.negation(self._term())
        if self._is_arithmetic():
            return self._relation()
        if self._is("("):
            opening = self._take()
            test = self.expression()
            if not self._is(")"):
                raise self.error("')' is missing: this one is not closed", opening)
            self._at += 1
            return test
        return self._primitive()

    def _primitive(self) -> Test:
        token = self.token()
        if token is None:
            raise self.error("something is missing at the end: such as `host NAME`, `tcp port 80`, `dropped`", None)
        if self._is(*tests.WORDS):
            self._before = None
            return tests.WORDS[self._take().text]
        if self._is("greater", "less"):
            self._before = None
            greater = self._take().text == "greater"
            size = self._number("a size in bytes")
            return tests.of_size(size, 1 << 31) if greater else tests.of_size(0, size)
        protocol = self._take().text if self._is(*PROTOCOLS) else ""
        direction = self._direction()
        kind = self._take() if self._is(*TYPES) else None
        if not direction and kind is None:
            if not protocol:
                raise self._unqualified(token)
            self._before = None
            return tests.of_protocol(*PROTOCOLS[protocol])
        qualifiers = Qualifiers(protocol, direction, kind.text if kind is not None else "host")
        self._check(qualifiers, token, kind)
        self._before = qualifiers
        return self._words(qualifiers)

    def _direction(self) -> str:
        """src, dst, `src or dst`, `src and dst`."""
        if not self._is(*DIRECTIONS):
            return ""
        first = self._take().text
        if self._is("and", "or") and self._is(*DIRECTIONS, ahead=1):
            join, other = self._take().text, self._take().text
            if other != first:
                return "" if join == "or" else "src and dst"
        return first

    def _check(self, qualifiers: Qualifiers, first: Token, kind: Token | None) -> None:
        """Whether they go together."""
        protocol, direction, type = qualifiers
        if protocol and type in ("host", "net") and protocol not in ("ip", "ip6"):
            raise self.error(f"{protocol!r} has ports and no {type}s: write `{protocol} and {type} NAME`", first)
        if protocol and type in ("port", "portrange") and protocol not in ("tcp", "udp", "sctp"):
            raise self.error(f"{protocol!r} has no ports: write `{protocol} and port N`, `tcp port N`", first)
        if protocol and type == "proto" and protocol not in ("ip", "ip6"):
            raise self.error(f"{protocol!r} is a protocol itself: write `ip proto N` or `ip6 proto N`", first)
        if (
            (protocol or direction)
            and type in ("call", "process", "time", "proto")
            and not (type == "proto" and not direction)
        ):
            raise self.error(f"{type!r} has neither a protocol nor a direction", kind)

    def _words(self, qualifiers: Qualifiers) -> Test:
        """A word, or several in parentheses: `port (80 or 443)`."""
        if not self._is("("):
            return self._word(qualifiers)
        opening = self._take()
        test = self._words(qualifiers) if self._is("(") else self._word(qualifiers)
        while self._is("and", "or"):
            join = self._take().text
            following = self._words(qualifiers) if self._is("(") else self._word(qualifiers)
            test = tests.both(test, following) if join == "and" else tests.either(test, following)
        if not self._is(")"):
            raise self.error("')' is missing: this one is not closed", opening)
        self._at += 1
        return test

    def _word(self, qualifiers: Qualifiers) -> Test:
        if self._is("not"):
            self._at += 1
            return tests.negation(self._words(qualifiers))
        token = self.token()
        if token is None or token.text in ("(", ")", "and", "or") or (token.text in KEYWORDS and not token.quoted):
            keyword = token is not None and token.text in KEYWORDS and token.text not in JOINS
            hint = f"; a name that is a keyword is written \\{token.text}" if token is not None and keyword else ""
            raise self.error(f"{qualifiers.type!r} wants {_WANTS[qualifiers.type]}{hint}", token)
        rule: Callable[[_Parser, Token, Qualifiers], Test] = _RULES[qualifiers.type]
        self._at += 1
        return rule(self, token, qualifiers)

    def _unqualified(self, token: Token | None) -> FilterError:
        word = token.text if token is not None else ""
        if self._names.addresses(word) is not None or _is_address(word):
            return self.error(f"{word!r} alone says nothing: write `host {word}`", token)
        if word.isdecimal():
            return self.error(f"{word!r} alone says nothing: write `port {word}`", token)
        known = sorted(KEYWORDS)
        hint = suggestion(word, known) or ": a filter is made of " + ", ".join(
            (
                "host",
                "net",
                "port",
                "portrange",
                "src",
                "dst",
                *PROTOCOLS,
                *tests.WORDS,
                *TYPES[5:],
                *OTHERS[:3],
                *JOINS,
            )
        )
        return self.error(f"no word {word!r}{hint}", token)

    # Words by type.

    def _host(self, token: Token, qualifiers: Qualifiers) -> Test:
        try:
            addresses: Sequence[IpAddress] | None = [parse_address(token.text)]
        except AddressError:
            addresses = self._names.addresses(token.text)
        if addresses is None:
            known = self._names.known()
            hint = suggestion(token.text, known) or f": there are {', '.join(known)}"
            raise self.error(f"no host {token.text!r}{hint}", token)
        family = PROTOCOLS[qualifiers.protocol][0] if qualifiers.protocol else 0
        if family and not any(len(address) == (4 if family == 4 else 16) for address in addresses):
            raise self.error(f"{token.text!r} has no address of {qualifiers.protocol!r}", token)
        hosts = self._names.owners(addresses)
        if token.text in self._names.hosts:
            hosts |= {token.text}
        test = tests.of_host(qualifiers.direction, Whom(frozenset(addresses), hosts))
        return self._of_family(qualifiers, test)

    def _of_family(self, qualifiers: Qualifiers, test: Test) -> Test:
        if not qualifiers.protocol:
            return test
        return tests.both(tests.of_protocol(*PROTOCOLS[qualifiers.protocol]), test)

    def _net(self, token: Token, qualifiers: Qualifiers) -> Test:
        """A prefix with its length, with a mask, or cut: `net 10.1` is 10.1.0.0/16."""
        address, slash, length = token.text.partition("/")
        bits: int | None = None
        if not slash and self._is("mask"):
            self._at += 1
            bits = self._mask()
        if ":" not in address:
            parts = address.split(".")
            if bits is None:
                bits = 8 * len(parts)
            address = ".".join([*parts, *["0"] * (4 - len(parts))])
        elif not slash:
            bits = 128
        try:
            network, prefix = parse_network(f"{address}/{length if slash else bits}")
        except AddressError as error:
            raise self.error(f"no network {token.text!r}: {error}; write such as 10.0.0.0/24", token) from None
        owners = [(host, own) for host, addresses in self._names.hosts.items() for own in addresses]
        return self._of_family(qualifiers, tests.of_net(qualifiers.direction, network, prefix, owners))

    def _mask(self) -> int:
        token = self.token()
        if token is not None:
            self._at += 1
            try:
                bits = f"{int.from_bytes(parse_address(token.text), 'big'):b}"
            except AddressError:
                bits = "01"
            if "01" not in bits and len(bits) == 32:
                return bits.count("1")
        raise self.error("'mask' wants a netmask, such as 255.255.255.0", token)

    def _port(self, token: Token, qualifiers: Qualifiers) -> Test:
        """A number; a service's name stands for the protocols that have it: `port http` is `tcp port 80`."""
        port = self._port_number(token.text, token, qualifiers)
        if _integer(token.text) is None and not qualifiers.protocol:
            having = [protocol for protocol in ("tcp", "udp") if service_by_name(token.text, protocol) is not None]
            if len(having) == 1:
                qualifiers = qualifiers._replace(protocol=having[0])
        return self._ports(qualifiers, port, port)

    def _portrange(self, token: Token, qualifiers: Qualifiers) -> Test:
        first, dash, last = token.text.partition("-")
        lowest = self._port_number(first, token, qualifiers)
        highest = self._port_number(last, token, qualifiers) if dash else lowest
        return self._ports(qualifiers, min(lowest, highest), max(lowest, highest))

    def _ports(self, qualifiers: Qualifiers, first: int, last: int) -> Test:
        protocol = PROTOCOLS[qualifiers.protocol][1] if qualifiers.protocol else -1
        return tests.of_ports(qualifiers.direction, protocol, first, last)

    def _port_number(self, word: str, token: Token, qualifiers: Qualifiers) -> int:
        number = _integer(word)
        if number is None:
            service = service_by_name(word, qualifiers.protocol or None)
            if service is None:
                more = ": several are written `portrange 5000-5010`" if "-" in word else ""
                raise self.error(f"no port {word!r}{more or ': a number to 65535, or a name of services(5)'}", token)
            return service.port
        if number > _HIGHEST_PORT:
            raise self.error(f"no port {word}: the highest is {_HIGHEST_PORT}", token)
        return number

    def _proto(self, token: Token, qualifiers: Qualifiers) -> Test:
        family = PROTOCOLS[qualifiers.protocol][0] if qualifiers.protocol else 0
        number = _integer(token.text)
        if number is None:
            if token.text not in PROTOCOLS or PROTOCOLS[token.text][1] < 0:
                raise self.error(f"no protocol {token.text!r}: a number to 255, or \\tcp, \\udp, \\icmp", token)
            number = PROTOCOLS[token.text][1]
        return tests.of_protocol(family, number)

    def _call(self, token: Token, qualifiers: Qualifiers) -> Test:
        name = ALIASES.get(token.text, token.text)
        if name not in CALLS:
            hint = suggestion(token.text, [*CALLS, *ALIASES]) or ", such as connect, accept, sendto, recvfrom, poll"
            raise self.error(f"no system call {token.text!r}{hint}", token)
        return tests.of_call(name)

    def _process(self, token: Token, qualifiers: Qualifiers) -> Test:
        return tests.of_process(token.text)

    def _time(self, token: Token, qualifiers: Qualifiers) -> Test:
        start, dots, end = token.text.partition("..")
        if not dots:
            raise self.error("'time' wants a span, such as 1s..2s, 250ms.., ..3s", token)
        try:
            start_ns = parse_duration(start) if start else 0
            end_ns = parse_duration(end) if end else _FOREVER_NS
        except UnitError as error:
            raise self.error(str(error), token) from None
        if end_ns <= start_ns:
            raise self.error("this span of time ends before it begins", token)
        return tests.of_time(start_ns, end_ns)

    # Arithmetic.

    def _is_arithmetic(self, ahead: int = 0) -> bool:
        """Whether a relation begins here: `len`, a number, `tcp[`, or parentheses with one of these behind them."""
        token = self.token(ahead)
        if token is None:
            return False
        if self._is("(", ahead=ahead):
            depth, end = 1, ahead + 1
            while depth and (inner := self.token(end)) is not None:
                depth += {"(": 1, ")": -1}.get(inner.text, 0)
                end += 1
            return self._is(*arithmetic.RELATIONS, *arithmetic.OPERATIONS, ahead=end)
        if self._is("len", *arithmetic.CONSTANTS, ahead=ahead) or self._is("[", ahead=ahead + 1):
            return True
        signs = (*arithmetic.RELATIONS, *arithmetic.OPERATIONS)
        return _integer(token.text) is not None and self._is(*signs, ahead=ahead + 1)

    def _relation(self) -> Test:
        self._before = None
        one = self._sum(1)
        if not self._is(*arithmetic.RELATIONS):
            raise self.error("a comparison is missing, such as `!= 0`: one of = != < <= > >=", self.token())
        sign = self._take().text
        return arithmetic.relation(sign, one, self._sum(1))

    def _sum(self, tightness: int) -> arithmetic.Number:
        number = self._operand()
        while True:
            token = self.token()
            found = arithmetic.OPERATIONS.get(token.text) if token is not None else None
            if token is None or found is None or found[0] < tightness:
                return number
            self._at += 1
            number = arithmetic.operation(token.text, number, self._sum(found[0] + 1))

    def _operand(self) -> arithmetic.Number:
        token = self.token()
        if token is None:
            raise self.error("a number is missing at the end", None)
        self._at += 1
        if token.text == "(":
            number = self._sum(1)
            self._expect(")", "")
            return number
        if token.text == "len":
            return arithmetic.length
        if self._is("["):
            return self._header_bytes(token)
        value = arithmetic.CONSTANTS.get(token.text, _integer(token.text))
        if value is None:
            hint = suggestion(token.text, arithmetic.CONSTANTS) or ", such as 2, 0x12, tcp-syn, tcp[tcpflags], len"
            raise self.error(f"no number {token.text!r}{hint}", token)
        return arithmetic.constant(value)

    def _header_bytes(self, layer: Token) -> arithmetic.Number:
        if layer.text not in PROTOCOLS:
            raise self.error(f"no header {layer.text!r}: there are {', '.join(PROTOCOLS)}", layer)
        self._at += 1
        token = self.token()
        size = 1
        if token is not None and ":" in token.text:
            at, _, width = token.text.partition(":")
            found = _integer(at)
            if found is None or width not in ("1", "2", "4"):
                raise self.error("bytes of a header are written tcp[13], or tcp[12:2]: 1, 2 or 4 of them", token)
            self._at += 1
            index, size = arithmetic.constant(found), int(width)
        elif token is not None and token.text in arithmetic.OFFSETS:
            self._at += 1
            index = arithmetic.constant(arithmetic.OFFSETS[token.text])
        else:
            index = self._sum(1)
        self._expect("]", "")
        return arithmetic.header_bytes(layer.text, index, size)

    def _number(self, what: str) -> int:
        token = self.token()
        number = _integer(token.text) if token is not None else None
        if number is None:
            raise self.error(f"{what} is missing", token)
        self._at += 1
        return number


_RULES = {
    "host": _Parser._host,
    "net": _Parser._net,
    "port": _Parser._port,
    "portrange": _Parser._portrange,
    "proto": _Parser._proto,
    "call": _Parser._call,
    "process": _Parser._process,
    "time": _Parser._time,
}
_WANTS = {
    "host": "a name or an address",
    "net": "a network, such as 10.0.0.0/24",
    "port": "a number or a name of services(5)",
    "portrange": "two numbers, such as 5000-5010",
    "proto": "a number, or a name such as \\tcp",
    "call": "the name of a system call, such as connect",
    "process": "the name of a program",
    "time": "a span, such as 1s..2s",
}


def _integer(word: str) -> int | None:
    """A number as C writes it."""
    try:
        return int(word, 16 if word[:2].lower() == "0x" else 8 if word[:1] == "0" and len(word) > 1 else 10)
    except ValueError:
        return None


def _is_address(word: str) -> bool:
    try:
        parse_address(word)
    except AddressError:
        return False
    return True
