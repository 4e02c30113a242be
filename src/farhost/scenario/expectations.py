"""What a run should have come to: exit statuses, output, sockets. In a scenario file:

    [expect.client]                  # a program: its host, or host/program
    status = 0
    stdout = "done\\n"                # exactly; or stdout-contains, stderr-contains
    [sockets.server]                 # of a host, when the run has ended
    none-in = ["CLOSE-WAIT"]         # states as ss(8) writes them

A run that failed by itself is not asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from farhost.kernel.socket_row import SocketRow
from farhost.programs.run import Outcome
from farhost.scenario.plans import find_programs
from farhost.scenario.words import Program, WordError

_PROGRAM = {"status": int, "stdout": str, "stdout-contains": str, "stderr-contains": str}
_SOCKETS = {"none-in": list}
_NAMES = {int: "an integer", str: "a string", list: "an array of strings"}
_LONGEST = 200


class Expectations(NamedTuple):
    """What was said."""

    programs: tuple[tuple[str, int, Mapping[str, Any]], ...] = ()
    """What each is called, its number, and what is expected of it."""
    sockets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """A host, and the states in which none of its sockets may be at the end."""

    @classmethod
    def parse(
        cls,
        programs: Mapping[str, Any],
        sockets: Mapping[str, Any],
        known: Sequence[Program],
        hosts: Sequence[str],
    ) -> "Expectations":
        """What tables say. WordError names table and key."""
        found = []
        for name, table in programs.items():
            where = f"expect.{name}"
            _check(table, _PROGRAM, where)
            found += [(name, number, table) for number in find_programs(name, known, where)]
        for host, table in sockets.items():
            _check(table, _SOCKETS, f"sockets.{host}")
            if host not in hosts:
                raise WordError(f"sockets.{host}: no host {host!r}: the hosts are {', '.join(hosts)}")
        states = [(host, tuple(table.get("none-in", ()))) for host, table in sockets.items()]
        return cls(tuple(found), tuple(states))

    def hosts(self) -> list[str]:
        """Those whose sockets are looked at."""
        return [host for host, _ in self.sockets]

    def complaints(self, outcome: Outcome, rows: Mapping[str, Sequence[SocketRow]]) -> list[str]:
        """What is not as expected, one line each. `rows`: the sockets of hosts at the end."""
        found = []
        for name, number, table in self.programs:
            lives = [one for one in outcome.processes if one.program == number]
            status = lives[-1].status if lives else None
            stdout = "".join(life.stdout for life in lives)
            stderr = "".join(life.stderr for life in lives)
            if "status" in table and status != table["status"]:
                found.append(f"{name} should end with status {table['status']}, not {status}")
            if "stdout" in table and stdout != table["stdout"]:
                found.append(f"{name} should print {_short(table['stdout'])}, not {_short(stdout)}")
            for key, text in (("stdout-contains", stdout), ("stderr-contains", stderr)):
                if key in table and table[key] not in text:
                    stream = key.partition("-")[0]
                    found.append(f"{stream} of {name} should contain {_short(table[key])}, not {_short(text)}")
        for host, states in self.sockets:
            for row in rows.get(host, ()):
                if row.state in states:
                    found.append(f"{host} has a socket in {row.state} at the end: {row.local} {row.peer}".rstrip())
        return found


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def _check(table: object, known: Mapping[str, type], where: str) -> None:
    if not isinstance(table, Mapping):
        raise WordError(f"{where} is a table, not {table!r}")
    for key, value in table.items():
        if key not in known:
            raise WordError(f"{where}: nobody reads {key!r}: there are {', '.join(known)}")
        wanted = known[key]
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise WordError(f"{where}: {key} is {_NAMES[wanted]}, not {value!r}")
