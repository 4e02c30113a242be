"""A scenario: everything that decides a run but the seed and the faults that chance brings, in words.

Its words are the options of `farhost run`; `build` makes of them a network with programs. Relative paths count from
the scenario's directory, and so does what a run shows of them: `enter` it first.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec
from farhost.programs.settings import Settings
from farhost.programs.shared import VARIABLE, wanted
from farhost.programs.tool import ToolSpec
from farhost.scenario.description import NameWords, build_network
from farhost.scenario.dig_program import DIG, dig_environment
from farhost.scenario.expectations import Expectations
from farhost.scenario.faults import Faults, parse_faults
from farhost.scenario.invariants import Invariant, load_invariants
from farhost.scenario.plans import Plan, parse_plans, parse_settings, program_names
from farhost.scenario.tool_programs import check_tool, is_tool, tool_spec
from farhost.scenario.words import Program, WordError, parse_programs
from farhost.trace.tracer import Tracer
from farhost.units import parse_duration

ScriptSpec = ProgramSpec | IsolatedSpec
Spec = ScriptSpec | ToolSpec


class Scenario(NamedTuple):
    """What is run; each field is an option of `farhost run`, and a key of a scenario file."""

    programs: tuple[str, ...]
    link: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    name_server: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    resolver: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    until: str = ""
    isolate: bool = False
    invariants: str = ""
    """A file of checks (`farhost.scenario.invariants`)."""
    expect: Mapping[str, Mapping[str, Any]] = {}
    """What is expected of programs (`farhost.scenario.expectations`)."""
    sockets: Mapping[str, Mapping[str, Any]] = {}
    """What is expected of hosts' sockets at the end."""
    directory: str = ""
    """From which relative paths count; empty: from the working directory."""

    def enter(self) -> None:
        """Go where its relative paths count from: this process's working directory is that from now on."""
        if self.directory:
            os.chdir(self.directory)

    def build(self, tracer: Tracer, seed: int = 0) -> "Built":
        """The network and its programs. WordError, UnitError, SharedError, ValueError name the word that is wrong."""
        programs = parse_programs(self.programs)
        check_scripts(programs)
        share(self.shared)
        hosts = list(dict.fromkeys(program.host for program in programs))
        words = NameWords(self.name_server, self.record, self.resolver)
        network = build_network(hosts, seed, tracer, self.host, self.link, self.names, None, words)
        settings = parse_settings(self.program, programs)
        faults = parse_faults(self.faults, list(network.hosts))
        faults.check(network, program_names(programs))
        expectations = Expectations.parse(self.expect, self.sockets, programs, list(network.hosts))
        return Built(
            network,
            programs,
            settings,
            parse_plans(self.at, programs, network),
            faults,
            parse_duration(self.until) if self.until else None,
            load_invariants(self.invariants) if self.invariants else (),
            expectations,
            self.isolate,
        )


class Built(NamedTuple):
    """A scenario's network and programs, which have not begun."""

    network: Network
    programs: list[Program]
    settings: list[Settings]
    plans: list[Plan]
    faults: Faults
    """Its own."""
    until_ns: int | None
    invariants: Sequence[Invariant]
    expectations: Expectations
    isolate: bool

    def specs(self) -> list[Spec]:
        """What the run starts."""
        kind: type[ScriptSpec] = IsolatedSpec if self.isolate else ProgramSpec
        return [self._spec(kind, *each) for each in zip(self.programs, self.settings)]

    def _spec(self, kind: type[ScriptSpec], program: Program, settings: Settings) -> Spec:
        if is_tool(program):
            return tool_spec(program)
        if not is_dig(program):
            return kind(program.host, program.argv, program.name, settings)
        environment = {**settings.environment, **dig_environment(self.network, program.host)}
        return kind(program.host, (DIG, *program.argv[1:]), program.name, settings._replace(environment=environment))

    def plan(self, control: Control) -> None:
        """Let happen what is to happen."""
        for due_ns, act in self.plans:
            control.at(due_ns, _bound(act, control))


def _bound(act: Any, control: Control) -> Any:
    return lambda: act(control)


def is_dig(program: Program) -> bool:
    """Whether it is farhost's own `dig`: a file of that name goes before."""
    return program.argv[0] == "dig" and not Path("dig").exists()


def share(names: tuple[str, ...]) -> None:
    """Have these packages shared, besides those of pyproject.toml and of the variable. SharedError.

    The variable is set, so that programs in processes of their own (--isolate) find it too.
    """
    if names:
        known = [name for name in os.environ.get(VARIABLE, "").split(",") if name]
        os.environ[VARIABLE] = ",".join(dict.fromkeys([*known, *names]))
    wanted()


def check_scripts(programs: list[Program]) -> None:
    """WordError if a script is no file that can be read; modules are looked for by the run."""
    for program in programs:
        script = program.argv[0]
        if is_tool(program):
            check_tool(program)
        if is_tool(program) or is_dig(program):
            continue
        if script == "-m":
            if len(program.argv) < 2:
                raise WordError(f"-m names no module: write the module, such as '{program.host}=-m http.server 8000'")
            continue
        if script.startswith("-"):
            raise WordError(f"no script {script!r}: of python's own options there is -m; write the script first")
        path = Path(script)
        if path.is_dir():
            raise WordError(f"{script!r} is a directory: name the script in it")
        if not path.exists():
            raise WordError(f"no script {script!r} in {os.getcwd()}: a program is a Python file and its arguments")
        if not os.access(path, os.R_OK):
            raise WordError(f"{script!r} cannot be read: look at its permissions")
