"""Faults without chance, as a list of texts: what is lost, and what happens when. Hypothesis makes such lists.

    "client>server: drop=DATA#2"               a link's words (`farhost.network.conditions`): one direction
    "client-server: delay=40ms"                both
    "1.5s crash server; 3s restart server"     what happens at a time (`farhost.scenario.plans`)

Of several texts with `drop` for one link all hold; of any other word, the last one does.
"""

import re
from collections.abc import Iterable, Sequence

from farhost.facade.program import Program
from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.scenario import words as scenario_words
from farhost.scenario.description import add_words
from farhost.scenario.plans import Plan, parse_plans
from farhost.units import UnitError

_TIMED = re.compile(r"[0-9][0-9.]*(ns|us|µs|ms|s|min|h)\s")
_JOINED = "drop"


class ExplicitFaults:
    """Those of one network."""

    def __init__(self) -> None:
        self._plans: list[str] = []
        self._links: dict[str, dict[str, str]] = {}
        """By place, the value of each word."""

    def add(self, texts: Iterable[str]) -> None:
        """Keep them. UnitError for what is neither."""
        for text in texts:
            for part in filter(None, map(str.strip, text.split(";"))):
                if _TIMED.match(part):
                    self._plans.append(part)
                else:
                    self._add_link(part)

    def _add_link(self, text: str) -> None:
        place, colon, words = text.partition(":")
        if not colon or not words.split():
            raise UnitError(
                f"{text!r} is no fault: write a link and its words, such as 'a>b: drop=DATA#2', or a time and what "
                "happens then, such as '2s crash server'"
            )
        found = self._links.setdefault(place.strip(), {})
        for part in words.split():
            word, equals, value = part.partition("=")
            if not equals:
                raise UnitError(f"{text!r}: {part!r} is no word=value, such as drop=DATA#2")
            found[word] = f"{found[word]}+{value}" if word == _JOINED and word in found else value

    def apply(self, network: Network) -> None:
        """All links are described: change them. UnitError, WordError."""
        for place, words in self._links.items():
            add_words(network, [f"{place}: {' '.join(f'{word}={value}' for word, value in words.items())}"], [])

    def plan(self, network: Network, programs: Sequence[Program]) -> list[Plan]:
        """What happens when. UnitError, WordError."""
        named = [scenario_words.Program(program.host, program.argv, program.name) for program in programs]
        return parse_plans(self._plans, named, network)


def carry_out(plans: Iterable[Plan], control: Control) -> None:
    """Let them happen in the run that begins."""
    for plan in plans:
        control.at(plan.due_ns, _Act(plan, control))


class _Act:
    """One of them."""

    def __init__(self, plan: Plan, control: Control) -> None:
        self._plan = plan
        self._control = control

    def __call__(self) -> None:
        self._plan.act(self._control)
