"""Places (`farhost.wire.packet_place`) and sizes of a link's faults in plain words, for people."""

import re

_RANGE = re.compile(r"(data|fin) ([0-9]+)\+([0-9]+)")
_KINDS = {"syn": "the SYN", "syn-ack": "the SYN-ACK", "rst": "a reset", "ack": "an acknowledgement"}
_DURATIONS = (("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000))


def duration_words(ns: int) -> str:
    """A span of time, to three digits.

    >>> duration_words(300_000_000), duration_words(1_234_567), duration_words(999), duration_words(12_345_678_901)
    ('300 ms', '1.23 ms', '999 ns', '12.3 s')
    """
    for unit, scale in _DURATIONS:
        if ns >= scale:
            whole = ns / scale
            return f"{whole:.0f} {unit}" if whole >= 100 else f"{whole:.3g} {unit}"
    return f"{ns} ns"


def place_words(place: str) -> str:
    """Which packet it was that a choice of a channel was about.

    >>> place_words("server>client server:5000>client:49152 data 5+7 #1")
    'bytes 5 to 12 of server:5000>client:49152'
    >>> place_words("client>server client:49152>server:5000 syn #2")
    'the SYN of client:49152>server:5000 (sent for the 2nd time)'
    >>> place_words("lan client>server client udp:49152 #3"), place_words("anything else")
    ('packet 3 of client udp:49152', 'anything else')
    """
    rest, mark, ordinal = _without_channel(place).rpartition(" #")
    if not mark or not ordinal.isdigit():
        return place
    return _packet_words(rest, int(ordinal))


def split_place_words(place: str, offset: int) -> str:
    """What was cut in two, and how.

    >>> split_place_words("server>client server:5000>client:49152 data 0+12 #1", 5)
    'bytes 0 to 12 of server:5000>client:49152 arrived as 5 + 7 bytes'
    """
    found = _RANGE.search(place)
    length = int(found[3]) if found else 0
    rest = f"{length - offset}" if length > offset else "the rest"
    return f"{place_words(place)} arrived as {offset} + {rest} bytes"


def _without_channel(place: str) -> str:
    """A packet's own place: the channel before it is `client>server`, perhaps with its segment's name in front."""
    words = place.split(" ")
    for count, word in enumerate(words[:2], 1):
        if ">" in word and ":" not in word:
            return " ".join(words[count:])
    return place


def _packet_words(text: str, ordinal: int) -> str:
    for words, said in ((" about ", "an ICMP error about"), ("reply to ", "the reply to")):
        before, found, about = text.partition(words)
        if found and " " not in before:
            return f"{said} {place_words(about)}"
    words_of = text.split(" ")
    again = f" (sent for the {_nth(ordinal)} time)" if ordinal > 1 else ""
    for number, word in enumerate(words_of):
        flow = " ".join(words_of[:number])
        if word in ("data", "fin") and (found_range := _RANGE.fullmatch(" ".join(words_of[number:]))):
            return f"{_range_words(word, int(found_range[2]), int(found_range[3]))} of {flow}{again}"
        if word in _KINDS and number:
            return f"{_KINDS[word]} of {flow}{again}"
        if word == "fragment" and number:
            return f"a fragment of packet {ordinal} of {flow}"
    return f"packet {ordinal} of {text}"


def _range_words(word: str, start: int, length: int) -> str:
    carried = f"bytes {start} to {start + length}" if length else ""
    if word == "data":
        return carried
    return f"{carried} and the end (FIN)" if length else "the end (FIN)"


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"
