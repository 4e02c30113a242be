"""Named lists of faults: what may happen in an exploration, and how often.

`default` is what a correct program has to survive: everything in it happens on ordinary networks and hosts, nothing
lasts longer than the patience of TCP and of those who look for neighbours (3 s: after that, connect(2) fails with
EHOSTUNREACH), and what is broken heals. `harsh` adds what many programs may well give up on,
as long as they say so. The words are those of `farhost.scenario.faults`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from farhost.units import UnitError


class Profile(NamedTuple):
    """One list."""

    help: str
    words: tuple[str, ...]


_LINKS = (
    "loss=2%",
    "reorder=2%",
    "duplicate=2%",
    "spike=2%:300ms",
    "split=10%",
)
_PARTITION = ("partition=20%:2500ms",)
_CALLS = (
    "short-read=10%",
    "short-write=10%",
    "eagain=5%",
    "eintr=2%",
    "slow-accept=5%",
    "full-backlog=5%",
)
_THREADS = (
    "wake=10%",
    "preempt=5%",
)
_HOSTS = (
    "pause=25%:2s",
    "clock=30%:10s",
    "drift=20%:500",
)
_NAMES = (
    "dns-slow=5%:3s",
    "dns-drop=5%",
)
_HARSH = (
    "partition=20%:30s",
    "corrupt=1%",
    "gemodel=1%:25%",
    "partition-one-way=10%:60s",
    "squeeze=10%:10s",
    "short-queue=10%:10s",
    "shrink-mtu=10%",
    "crash=10%:5s",
    "dns-servfail=5%",
    "dns-nxdomain=2%",
    "dns-wrong=2%",
)

PROFILES: dict[str, Profile] = {
    "default": Profile(
        "What a correct program has to survive.", (*_LINKS, *_PARTITION, *_CALLS, *_THREADS, *_HOSTS, *_NAMES)
    ),
    "network": Profile("What links do, and nothing else.", (*_LINKS, *_PARTITION)),
    "threads": Profile("The order in which threads and programs run, and nothing else.", _THREADS),
    "harsh": Profile(
        "Also what a program may give up on: crashes, damage, wrong names, partitions one way.",
        (*_LINKS, *_CALLS, *_THREADS, *_HOSTS, *_NAMES, *_HARSH),
    ),
    "none": Profile("Nothing.", ()),
}


def profile_words(name: str) -> tuple[str, ...]:
    """The words of a profile. ValueError for a name that is none."""
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}: there are {', '.join(PROFILES)}")
    return PROFILES[name].words


def fault_words(texts: Iterable[str]) -> tuple[str, ...]:
    """What texts say: the names of profiles stand for their words. What is said later wins (`parse_faults`).
    UnitError for a name that is none.

    >>> fault_words(["threads loss=5%", "a>b: corrupt=1%"])
    ('wake=10%', 'preempt=5%', 'loss=5%', 'a>b: corrupt=1%')
    """
    found: list[str] = []
    for text in texts:
        if ":" in text.partition("=")[0]:
            found.append(text)
            continue
        for word in text.split():
            if word not in PROFILES and "=" not in word:
                raise UnitError(f"{text!r}: no list of faults {word!r}: there are {', '.join(PROFILES)}, or loss=2%")
            found += PROFILES[word].words if word in PROFILES else [word]
    return tuple(found)


def own_words(texts: Iterable[str]) -> tuple[str, ...]:
    """What texts say themselves, without what the names of profiles stand for.

    >>> own_words(["threads loss=5%"])
    ('loss=5%',)
    """
    lists = [[text] if ":" in text.partition("=")[0] else text.split() for text in texts]
    return tuple(word for words in lists for word in words if word not in PROFILES)
