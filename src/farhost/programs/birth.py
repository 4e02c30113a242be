"""What a simulated process says of a child that it starts."""

from typing import NamedTuple

from farhost.programs.command_line import CommandLine


class Birth(NamedTuple):
    """A child to be."""

    command: CommandLine
    directory: str
    """Its working directory, an absolute path."""
    environment: dict[str, str]
    streams: tuple[int, int, int]
    """The parent's descriptors that are to be its standard streams, simulated ones or the machine's; -1: the same."""
    passed: frozenset[int]
    """Further ones that it has, by the same numbers."""
    inherits: bool
    """Whether it also has those that are inheritable."""
    umask: int
    """-1: the parent's."""
