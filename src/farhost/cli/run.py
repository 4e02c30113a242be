"""`farhost run`: programs on simulated hosts, what they print, and what came of it."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from farhost.cli.exits import FAILED, NOTHING_RAN, PASSED
from farhost.cli.naming import naming_options
from farhost.cli.outputs import capturing, ended_by_signals, interrupt, writing
from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec, run_programs
from farhost.programs.settings import Settings
from farhost.programs.shared import VARIABLE, SharedError, wanted
from farhost.report.columns import ColumnsSink
from farhost.report.counts import PacketCounts
from farhost.report.live import LiveSink
from farhost.report.summary import RunResult, result_as_json, summary_lines
from farhost.report.terminal import Terminal
from farhost.scenario.description import NameWords, build_network
from farhost.scenario.dig_program import DIG, dig_environment
from farhost.scenario.plans import Plan, parse_plans, parse_settings
from farhost.scenario.words import Program, WordError, parse_programs
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import JsonlSink
from farhost.trace.tracer import Tracer
from farhost.units import UnitError, parse_duration

EXAMPLES = """
\b
Programs
  "server.py 5000"               on the host `server`, named after the script
  "web=server.py 5000"           on the host `web`; several programs may share a host
  "web=-m http.server 8000"      a module, as python -m runs it
Each finds the others by the names of their hosts. Standard input is at its end. A program
starts in a scratch directory of its host: name real files by their absolute paths.

\b
Links (tc-netem's words; values carry units)
  --link "delay=40ms jitter=5ms loss=2% reorder=10% duplicate=1% corrupt=0.1%"
  --link "rate=10mbit limit=100 mtu=1400"
  --link "client>server: delay=200ms"          one direction
  --link "client-server: loss=20%"             both directions of one pair

\b
Hosts
  --host "client: user=root"                   its programs run as root: raw sockets
  --host "server: byte-order=big user=root"    several words for one host
  --host "server: clock=+5s drift=100ppm"      its wall clock is wrong; its clocks run fast

\b
Names: hosts know each other, unless there is a name server, which they ask over the network
  --name-server ns                                        one more host, which knows them all
  --name-server "ns: domain=example.com ttl=60s"          the search list has that domain
  --name-server "ns: delay=2s drop=10% drop-next=1"       slow, lossy, no answer to the first
  --name-server "ns: servfail=5% nxdomain=5% wrong=5%"    wrong
  --record "www A 10.0.0.1" --record "shop CNAME www"
  --resolver "client: timeout=1s attempts=3 rotate=on"    also nameservers=, search=, ndots=
  "client=dig server"                                     what it says, by a program on a host


Programs in particular
  --program "server: nofile=64 cwd=/srv"       descriptor limit, working directory
  --program "client: stdin=FILE env=DEBUG=1"   standard input, environment variables

\b
What happens in a run
  --at "2s crash server"         a power cut: no finally, no FIN; nothing answers any more
  --at "7s restart server"       the host boots and its programs start again
  --at "3s kill server SIGTERM"  a signal to a host's programs, or one of them: box/server
  --at "1s pause client"  --at "4s resume client"  --at "5s rerun client"
  --at "2s link client-server loss=5%"         from then on; what is not named stays
  --at "2s partition client-server"  --at "5s heal client-server"         one way: client>server
  --at "2s clock server -3s"     its wall clock is put back, or forward: +3s

\b
Captures
  --capture run.pcapng           each packet at both of its ends, as on two machines:
                                 Wireshark then takes every second one for a repetition
  --capture server:run.pcapng    each packet once, as `server` sees it

\b
Examples
  farhost run "server.py 5000" "client.py server 5000"
  farhost run "server.py 5000" "client.py server 5000" --link "delay=40ms loss=2%" --seed 7
  farhost run "box=server.py demo.sock" "box=client.py demo.sock"        Unix sockets: one host
  farhost run "server.py 5000" "client.py www 5000" --names www=server

\b
Exit codes
  0 passed, 1 a failing run, 2 usage, 3 internal error, 5 nothing ran, 130 interrupted
"""


def duration_option(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A span of virtual time with its unit, in ns."""
    if value is None:
        return None
    try:
        return parse_duration(value)
    except UnitError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def module_option(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """A module without a host before it looks like an option of ours."""
    if value is not None:
        words = f"-m {value.strip()}"
        raise click.UsageError(f"{words!r} is on no host: write the host before it, such as 'server={words}'", ctx)


class Options(NamedTuple):
    """What was asked for, besides the programs."""

    seed: int
    until_ns: int | None
    trace: bool
    as_json: bool
    capture: str | None
    isolate: bool
    settings: Sequence[Settings]
    """In what each program runs."""
    plans: Sequence[Plan]


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("programs", nargs=-1)
@click.option(
    "--link", "links", multiple=True, metavar="WORDS", help="What links are like; repeatable, later ones win."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same run.")
@click.option(
    "--until", "until_ns", callback=duration_option, metavar="TIME", help="Stop at this virtual time, such as 60s."
)
@click.option("-m", "module", hidden=True, expose_value=False, callback=module_option)
@click.option("--trace", is_flag=True, help="Show every call and packet, one column a host.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--capture", metavar="[HOST:]FILE", help="Write all packets, or those at one host (pcapng).")
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME: WORDS", help="What a host is: byte-order=big, user=root."
)
@naming_options
@click.option("--program", "described", multiple=True, metavar="PROGRAM: WORDS", help="What a program runs in.")
@click.option("--at", "plans", multiple=True, metavar="TIME WORDS", help="What happens in the run; repeatable.")
@click.option(
    "--shared",
    multiple=True,
    metavar="NAME",
    help="A package whose C code cannot be loaded once for each program; repeatable.",
)
@click.option("--isolate", is_flag=True, help="Run each program in a process of its own; the run is the same.")
@click.pass_context
def run(
    ctx: click.Context,
    programs: tuple[str, ...],
    links: tuple[str, ...],
    seed: int,
    until_ns: int | None,
    trace: bool,
    form: str,
    capture: str | None,
    hosts: tuple[str, ...],
    names: tuple[str, ...],
    name_servers: tuple[str, ...],
    records: tuple[str, ...],
    resolvers: tuple[str, ...],
    described: tuple[str, ...],
    plans: tuple[str, ...],
    shared: tuple[str, ...],
    isolate: bool,
) -> int:
    """Run PROGRAMS, each on a host, over a network as described, until all have ended."""
    if not programs:
        click.echo('farhost: nothing to run: name a program, such as "server.py 5000" (farhost run --help)', err=True)
        return NOTHING_RAN
    tracer = Tracer()
    try:
        specs = parse_programs(programs)
        check_scripts(specs)
        share(shared)
        described_hosts = list(dict.fromkeys(spec.host for spec in specs))
        name_words = NameWords(name_servers, records, resolvers)
        network = build_network(described_hosts, seed, tracer, hosts, links, names, None, name_words)
        settings = parse_settings(described, specs)
        planned = parse_plans(plans, specs, network)
    except (WordError, UnitError, SharedError) as error:
        raise click.UsageError(str(error), ctx) from None
    options = Options(seed, until_ns, trace, form == "json", capture, isolate, settings, planned)
    return execute(network, specs, options)


def is_dig(program: Program) -> bool:
    """Whether it is farhost's own `dig`: a file of that name goes before."""
    return program.argv[0] == "dig" and not Path("dig").exists()


def share(names: Sequence[str]) -> None:
    """Have these packages shared, besides those of pyproject.toml and of the variable. SharedError.

    The variable is set, so that programs in processes of their own (--isolate) find it too.
    """
    if names:
        os.environ[VARIABLE] = ",".join([*filter(None, [os.environ.get(VARIABLE)]), *names])
    wanted()


def check_scripts(programs: Sequence[Program]) -> None:
    """WordError if a script is no file that can be read; modules are looked for by the run."""
    for program in programs:
        script = program.argv[0]
        if is_dig(program):
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


Spec = ProgramSpec | IsolatedSpec


def spec_of(network: Network, kind: type[Spec], program: Program, settings: Settings) -> Spec:
    """What the run starts for a program of the command line."""
    if not is_dig(program):
        return kind(program.host, program.argv, program.name, settings)
    environment = {**settings.environment, **dig_environment(network, program.host)}
    return kind(program.host, (DIG, *program.argv[1:]), program.name, settings._replace(environment=environment))


def execute(network: Network, programs: Sequence[Program], options: Options) -> int:
    """Run, report, and return the exit code."""
    tracer = network.tracer
    hashes, counts = HashSink(), PacketCounts()
    tracer.add(hashes)
    tracer.add(counts)
    stdout, stderr = Terminal(sys.stdout, on_gone=interrupt), Terminal(sys.stderr)
    hosts = list(network.hosts)
    kind = IsolatedSpec if options.isolate else ProgramSpec
    specs = [spec_of(network, kind, *each) for each in zip(programs, options.settings)]

    def prepare(control: Control) -> None:
        for due_ns, act in options.plans:
            control.at(due_ns, partial(act, control))

    with writing(stdout):
        live = watch(tracer, hosts, programs, options, stdout, stderr)
        with ended_by_signals(), capturing(network, options.capture):
            outcome = run_programs(network, specs, until_ns=options.until_ns, prepare=prepare)
        if live is not None:
            live.close()
        command = shlex.join(["farhost", *sys.argv[1:]])
        if "--seed" not in command:
            command += f" --seed {options.seed}"
        result = RunResult(outcome, network, counts, hashes.result(), options.seed, command)
        report(result, options, stdout, stderr)
    return PASSED if outcome.ok else FAILED


def watch(
    tracer: Tracer,
    hosts: list[str],
    programs: Sequence[Program],
    options: Options,
    stdout: Terminal,
    stderr: Terminal,
) -> LiveSink | None:
    """Have what was asked for written while the run goes on: events, columns, or what the programs print."""
    if options.as_json:
        if options.trace:
            tracer.add(JsonlSink(stdout))
    elif options.trace:
        tracer.add(ColumnsSink(stdout, hosts))
    else:
        live = LiveSink(stdout, stderr, [(program.host, program.name) for program in programs])
        tracer.add(live)
        return live
    return None


def report(result: RunResult, options: Options, stdout: Terminal, stderr: Terminal) -> None:
    """Say what came of it: for people on standard error, for programs on standard output."""
    if options.as_json:
        value = result_as_json(result)
        stdout.line(json.dumps(value) if options.trace else json.dumps(value, indent=2))
        stdout.flush()
        return
    stdout.flush()
    for text, style in summary_lines(result):
        stderr.line(stderr.paint(text, style))
    stderr.flush()
