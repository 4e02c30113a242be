"""What became of every packet: the counters of all channels, and the law that they obey.

In packets on the wire (a super-segment counts as its pieces):
sent + duplicated + split = delivered + dropped + in flight.
"""

from collections.abc import Iterable
from typing import NamedTuple

from farhost.network.channel import Channel


class Account(NamedTuple):
    """One channel's counters, or the sum of several."""

    name: str
    sent: int
    duplicated: int
    delivered: int
    dropped: dict[str, int]
    """By reason: queue, mtu, down, or the fault that lost them."""
    in_flight: int
    struck: dict[str, int]
    """How often each fault took effect, by its word."""
    split: int = 0
    """Segments that became two packets on their way."""

    @property
    def balance(self) -> int:
        """Packets that appeared from nowhere, or vanished (negative): always 0."""
        made = self.sent + self.duplicated + self.split
        return self.delivered + sum(self.dropped.values()) + self.in_flight - made


class Ledger(NamedTuple):
    """The accounts of a network."""

    channels: tuple[Account, ...]
    """Those that carried anything, in order."""
    total: Account

    def check(self) -> None:
        """Assert conservation for each channel."""
        for account in self.channels:
            assert account.balance == 0, account


def take_ledger(channels: Iterable[Channel]) -> Ledger:
    """The accounts of channels as they stand."""
    accounts = tuple(account_of(channel) for channel in channels if channel.sent)
    return Ledger(accounts, total_of(accounts))


def account_of(channel: Channel) -> Account:
    """A channel's account as it stands."""
    return Account(
        channel.name,
        channel.sent,
        channel.duplicated,
        channel.delivered,
        dict(channel.dropped),
        channel.in_flight,
        dict(channel.struck),
        channel.split,
    )


def total_of(accounts: tuple[Account, ...], name: str = "total") -> Account:
    """Their sum."""
    dropped: dict[str, int] = {}
    struck: dict[str, int] = {}
    for account in accounts:
        for sums, parts in ((dropped, account.dropped), (struck, account.struck)):
            for word, count in parts.items():
                sums[word] = sums.get(word, 0) + count
    return Account(
        name,
        sum(account.sent for account in accounts),
        sum(account.duplicated for account in accounts),
        sum(account.delivered for account in accounts),
        dropped,
        sum(account.in_flight for account in accounts),
        struck,
        sum(account.split for account in accounts),
    )
