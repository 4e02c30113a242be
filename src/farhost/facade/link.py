"""What is between hosts and beside them, as Python code describes and changes it: links, name servers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from farhost.network import network as simulated
from farhost.network.dns.conditions import NameServerConditions
from farhost.network.ledger import Account
from farhost.units import UnitError

if TYPE_CHECKING:
    from farhost.network.dns.server import NameServer as SimulatedNameServer


class Link:
    """Both directions between two hosts."""

    def __init__(self, link: simulated.Link) -> None:
        self._link = link

    def change(self, *, direction: str | None = None, **words: str) -> None:
        """From now on it is like this, in both directions or in one (`a>b`); words left out are as on its segment.

        UnitError for a word or a value, ValueError for a direction that is none.
        """
        segment = self._link.segment
        self._link.change(segment.conditions.of(segment.conditions, **checked(words)), direction)

    def counters(self, *, direction: str | None = None) -> Account:
        """What became of its packets so far, at any time of a run and after it: sent, duplicated, split, delivered,
        dropped (by reason), in_flight, struck (by fault). In one direction (`a>b`), or in both together.

            sent + duplicated + split == delivered + sum(dropped.values()) + in_flight

        ValueError for a direction that is none.
        """
        return self._link.account(direction)

    def cut(self, *, direction: str | None = None) -> None:
        """From now on nothing gets through, and nobody is told."""
        self._link.set_down(True, direction)

    def mend(self, *, direction: str | None = None) -> None:
        """From now on it works again."""
        self._link.set_down(False, direction)


class NameServer:
    """A host's name server."""

    def __init__(self, server: "SimulatedNameServer") -> None:
        self._server = server

    def change(self, **words: str) -> None:
        """From now on it is like this; what is left out stays. UnitError; ValueError for another domain."""
        self._server.change(NameServerConditions.of(words, self._server.conditions._replace(drop_next=0)))

    def record(self, text: str) -> None:
        """One more record, such as `"www A 10.0.0.9"`. ValueError."""
        self._server.zone.add(text)


def checked(words: Mapping[str, Any]) -> Mapping[str, str]:
    """Words of a link; UnitError for a value that is no text."""
    for word, value in words.items():
        if not isinstance(value, str):
            raise UnitError(f"{word}={value!r} has no unit: write it as text, such as delay='40ms' or loss='2%'")
    return words
