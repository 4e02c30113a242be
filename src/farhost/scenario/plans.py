"""What `farhost run --at` says is to happen, and `--program` of a program. A mistake is a `WordError`.

"2s crash server"                a power cut
"7s restart server"              the host boots, and its programs start again
"1s pause client"                SIGSTOP to a host's programs, or to one of several: box/client
"3s resume client"               SIGCONT
"3s kill server SIGTERM"         a signal; SIGKILL unless one is named
"3s rerun client"                a program, killed if it runs, starts again
"2s clock server -3s"            a host's wall clock is put back, or forward: +3s
"2s partition a-b"               nothing gets through a link; a>b: one way
"5s heal a-b"                    it works again
"2s link a-b loss=5%"            a link is like this from then on; also: link a>b ..., link a-b down, link a-b up
"2s ss -tan server"              a host's sockets are printed, as ss(8) shows them
"2s netstat server"              and what its network stack has counted
"server: nofile=64 cwd=/srv"     in what a program runs; also: stdin=FILE, env=NAME=VALUE, which may be said again
"""

import functools
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.control import Control, parse_signal
from farhost.programs.settings import NO_SETTINGS, Settings, make_settings
from farhost.report.tools import LETTERS, tool_lines, tool_options
from farhost.scenario.words import Program, WordError, parse_link_place
from farhost.units import UnitError, parse_duration, parse_step

Act = Callable[[Control], None]


class Plan(NamedTuple):
    """Something that is to happen."""

    due_ns: int
    act: Act


class _Words(NamedTuple):
    """One `--at`, split: everything that its parsers need."""

    text: str
    rest: list[str]
    programs: Sequence[Program]
    network: Network

    @property
    def hosts(self) -> Collection[str]:
        return self.network.hosts

    def host(self) -> str:
        """The one host that the words name."""
        if len(self.rest) != 1:
            raise WordError(f"{self.text!r}: name one host after the word: {_known(self.hosts)}")
        if self.rest[0] not in self.hosts:
            raise WordError(f"{self.text!r}: no host {self.rest[0]!r}: the hosts are {_known(self.hosts)}")
        return self.rest[0]

    def numbers(self) -> list[int]:
        """The programs that the words name."""
        if len(self.rest) != 1:
            raise WordError(f"{self.text!r}: name one program after the word: {_known(program_names(self.programs))}")
        return find_programs(self.rest[0], self.programs, self.text)


def parse_plans(texts: Sequence[str], programs: Sequence[Program], network: Network) -> list[Plan]:
    """What is to happen, in the order of the words. WordError, UnitError."""
    return [_parse(text, programs, network) for text in texts]


def _parse(text: str, programs: Sequence[Program], network: Network) -> Plan:
    words = text.split()
    if len(words) < 2 or words[1] not in _VERBS:
        raise WordError(f"{text!r}: write a time and what happens then, such as '2s crash server': {_known(_VERBS)}")
    try:
        due_ns = parse_duration(words[0])
    except UnitError as error:
        raise WordError(f"{text!r}: {error}") from None
    return Plan(due_ns, _VERBS[words[1]](_Words(text, words[2:], programs, network)))


def _crash(words: _Words) -> Act:
    host = words.host()
    return lambda control: control.crash(host)


def _restart(words: _Words) -> Act:
    host = words.host()
    return lambda control: control.restart(host)


def _kill(words: _Words) -> Act:
    signal = "SIGKILL"
    if len(words.rest) == 2:
        signal = words.rest.pop()
    numbers = words.numbers()
    try:
        number = parse_signal(signal)
    except ValueError as error:
        raise WordError(f"{words.text!r}: {error}") from None
    return _each(numbers, lambda control, program: control.kill(program, number))


def _pause(words: _Words) -> Act:
    return _each(words.numbers(), Control.pause)


def _resume(words: _Words) -> Act:
    return _each(words.numbers(), Control.resume)


def _rerun(words: _Words) -> Act:
    return _each(words.numbers(), Control.restart_program)


def _each(numbers: Sequence[int], act: Callable[[Control, int], None]) -> Act:
    def all_of_them(control: Control) -> None:
        for number in numbers:
            act(control, number)

    return all_of_them


def _clock(words: _Words) -> Act:
    if len(words.rest) != 2:
        raise WordError(f"{words.text!r}: write the host and the step, such as clock server -3s")
    step = words.rest.pop()
    host = words.host()
    try:
        step_ns = parse_step(step)
    except UnitError as error:
        raise WordError(f"{words.text!r}: {error}") from None
    return lambda control: control.step_clock(host, step_ns)


def _partition(words: _Words) -> Act:
    return _set_down(words, "down")


def _heal(words: _Words) -> Act:
    return _set_down(words, "up")


def _set_down(words: _Words, state: str) -> Act:
    if len(words.rest) != 1:
        raise WordError(f"{words.text!r}: name one link after the word: a-b, or a>b for one direction")
    return _link(words._replace(rest=[*words.rest, state]))


def _link(words: _Words) -> Act:
    text = words.text
    if len(words.rest) < 2:
        raise WordError(f"{text!r}: write the link and what it is like: link a-b loss=5%, link a-b down, link a-b up")
    place = parse_link_place(words.rest[0], words.hosts, text)
    direction = None if place.both else f"{place.source}>{place.target}"
    conditions = words.rest[1:]
    network = words.network
    try:
        link = network.link_between(place.source, place.target)
        if conditions in (["down"], ["up"]):
            down = conditions == ["down"]
            return lambda control: link.set_down(down, direction)
        Conditions.parse(" ".join(conditions))
    except ValueError as error:
        raise WordError(f"{text!r}: {error}") from None
    return lambda control: link.adjust(" ".join(conditions), direction)


def _show(tool: str, words: _Words) -> Act:
    options = words.rest[:-1]
    try:
        tool_options([tool, *options])
    except ValueError as error:
        raise WordError(f"{words.text!r}: {error}; the host comes last") from None
    host = words._replace(rest=words.rest[-1:]).host()
    lines = functools.partial(tool_lines, [tool, *options])
    return lambda control: control.show(host, tool, lines)


_VERBS: Mapping[str, Callable[[_Words], Act]] = {
    "crash": _crash,
    "restart": _restart,
    "kill": _kill,
    "pause": _pause,
    "resume": _resume,
    "rerun": _rerun,
    "link": _link,
    "partition": _partition,
    "heal": _heal,
    "clock": _clock,
    **{tool: functools.partial(_show, tool) for tool in LETTERS},
}


def program_names(programs: Sequence[Program]) -> list[str]:
    """What programs are called: their host, or `host/program` where it has several."""
    return list(dict.fromkeys(_name(program) for program in programs))


def _name(program: Program) -> str:
    return program.host if program.name == program.host else f"{program.host}/{program.name}"


def find_programs(name: str, programs: Sequence[Program], text: str) -> list[int]:
    """The numbers of the programs of a host, or of one: `host/program`. WordError."""
    found = [number for number, program in enumerate(programs) if name in (program.host, _name(program))]
    if not found:
        raise WordError(f"{text!r}: no program {name!r}: there are {_known(program_names(programs))}")
    return found


def parse_settings(texts: Sequence[str], programs: Sequence[Program]) -> list[Settings]:
    """In what each program runs. WordError."""
    found = [NO_SETTINGS] * len(programs)
    said: set[int] = set()
    for text in texts:
        name, colon, words = text.partition(":")
        if not colon or not words.split():
            raise WordError(f"{text!r}: write the program, a colon and its words, such as 'server: nofile=64'")
        settings = _settings(text, words)
        for number in find_programs(name.strip(), programs, text):
            if number in said:
                raise WordError(f"{text!r}: {name.strip()!r} is described twice: put its words together")
            said.add(number)
            found[number] = settings
    return found


def _settings(text: str, words: str) -> Settings:
    given: dict[str, Any] = {}
    variables: dict[str, str] = {}
    try:
        for word in shlex.split(words):
            key, equals, value = word.partition("=")
            if key in given:
                raise WordError(f"{text!r}: {key} is said twice: write it once")
            if key == "env" and equals and "=" in value:
                variable, _, content = value.partition("=")
                variables[variable] = content
            elif key in ("nofile", "cwd", "stdin") and value:
                given[key] = value
            else:
                raise WordError(f"{text!r}: no word {word!r}: it has nofile=64, cwd=, stdin= and env=NAME=VALUE")
        return make_settings(
            env=variables,
            cwd=given.get("cwd"),
            stdin=Path(given["stdin"]) if "stdin" in given else None,
            limits=_limits(given.get("nofile")),
        )
    except WordError:
        raise
    except ValueError as error:
        raise WordError(f"{text!r}: {error}") from None


def _limits(value: str | None) -> dict[str, int]:
    if value is None:
        return {}
    if not value.isdecimal():
        raise ValueError(f"nofile={value}: it is a number of descriptors")
    return {"nofile": int(value)}


def _known(names: Collection[str]) -> str:
    return ", ".join(names) or "none"
