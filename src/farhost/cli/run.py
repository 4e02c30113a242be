"""`farhost run`: programs on simulated hosts, what they print, and what came of it."""

import json
import shlex
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from farhost.cli.captures import HELP, absolute_capture, capturing, check_live, is_live
from farhost.cli.exits import FAILED, NOTHING_RAN, PASSED
from farhost.cli.filtering import FILTER, check_used, event_filter, filtered
from farhost.cli.keeping import RunKeeper, report_place
from farhost.cli.outputs import ended_by_signals, interrupt, writing
from farhost.cli.scenario_options import scenario_of_options, scenario_options
from farhost.network.network import Network
from farhost.programs.run import ReadyRun
from farhost.programs.shared import SharedError
from farhost.report.columns import ColumnsSink
from farhost.report.counts import PacketCounts
from farhost.report.live import LiveSink
from farhost.report.summary import RunResult, result_as_json
from farhost.report.terminal import Terminal
from farhost.scenario.invariants import ChecksError
from farhost.scenario.running import carry_out
from farhost.scenario.scenario import Built
from farhost.scenario.words import Program, WordError
from farhost.trace.hashes import HashSink
from farhost.trace.sinks import JsonlSink
from farhost.trace.tracer import Tracer
from farhost.units import UnitError

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
  --host "client: ports=40000-40010 rmem=8KiB wmem=8KiB"     few ports, small buffers

\b
Faults of calls, hosts and names, beside those of links (farhost explore varies them)
  --faults "short-read=20% wake=5%"            everywhere; also: short-write, eagain, pause, ...
  --faults "server: slow-accept=5%:200ms"      one host, or one of its programs: box/server

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
  --at "2s ss -tan server"       its sockets are printed
  --at "2s netstat server"       what its network stack has counted is printed
  "server=ss -tan"               the same as a program, which begins when those before it wait

\b
Captures
  --capture run.pcapng           each packet at both of its ends, as on two machines:
                                 Wireshark then takes every second one for a repetition
  --capture server:run.pcapng    each packet once, as `server` sees it
  --capture server:-             to standard output while the run goes on, for a live reader:
                                 farhost run ... --capture server:- | wireshark -k -i -

\b
What happened
  --report run.html              a page: sequence diagram, bytes, plots, calls, sockets
  farhost report                 the same of the latest run, afterwards

\b
Filters of --trace and --capture, as tcpdump has them (pcap-filter(7)), and words of farhost's own
  --filter "host client and tcp port 5000"     also: src, dst, net 10.0.0.0/24, portrange, icmp
  --filter "tcp[tcpflags] & tcp-syn != 0"      bytes of headers
  --filter "calls and not call poll"           calls, packets, dropped, faults, errors, output
  --filter "process server and time 1s..2s"    a program; a span of virtual time

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


class Options(NamedTuple):
    """What was asked for, besides the programs."""

    seed: int
    trace: bool
    as_json: bool
    capture: str | None
    filter: str | None = None
    """Which events are traced and captured."""


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@scenario_options
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same run.")
@click.option("--trace", is_flag=True, help="Show every call and packet, one column a host.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--report", metavar="FILE", help="Write what happened as one HTML file.")
@click.option("--no-keep", is_flag=True, help="Do not keep the run in .farhost/runs for farhost report.")
@click.option("--capture", metavar="[HOST:]FILE", help=HELP)
@FILTER
@click.pass_context
def run(
    ctx: click.Context,
    /,
    programs: tuple[str, ...],
    seed: int,
    trace: bool,
    form: str,
    capture: str | None,
    filter_text: str | None,
    report: str | None,
    no_keep: bool,
    **described: Any,
) -> int:
    """Run PROGRAMS, each on a host, over a network as described, until all have ended. Instead of programs: a
    scenario file, whose keys are these options."""
    if not programs:
        click.echo('farhost: nothing to run: name a program, such as "server.py 5000" (farhost run --help)', err=True)
        return NOTHING_RAN
    check_used(filter_text, trace or capture is not None, ctx)
    check_live(capture, "--trace" if trace else "--format json" if form == "json" else "")
    try:
        scenario = scenario_of_options(programs, described)
        capture = absolute_capture(capture)
        page = report_place(report)
        keeper = RunKeeper(scenario, page, keep=not no_keep)
        scenario.enter()
        built = scenario.build(Tracer(), seed)
    except (WordError, UnitError, SharedError, ChecksError) as error:
        raise click.UsageError(str(error), ctx) from None
    return execute(built, Options(seed, trace, form == "json", capture, filter_text), keeper)


def execute(built: Built, options: Options, keeper: RunKeeper) -> int:
    """Run, report, and return the exit code."""
    network = built.network
    tracer = network.tracer
    hashes, counts = HashSink(), PacketCounts()
    tracer.add(hashes)
    tracer.add(counts)
    keeper.listen(tracer)
    stdout, stderr = Terminal(sys.stdout, on_gone=interrupt), Terminal(sys.stderr)
    with writing(stdout):
        live = watch(network, built.programs, options, stdout, stderr)
        keep = event_filter(options.filter, network) if options.capture else None
        with ended_by_signals(), capturing(network, options.capture, keep):
            outcome = carry_out(built, ReadyRun(network, built.specs()), built.faults)
        if live is not None:
            live.close()
        command = shlex.join(["farhost", *sys.argv[1:]])
        if "--seed" not in command:
            command += f" --seed {options.seed}"
        result = RunResult(outcome, network, counts, hashes.result(), options.seed, command)
        say(result, keeper, options, stdout, stderr)
    with ended_by_signals():
        keeper.keep(result, stderr)
    return PASSED if outcome.ok else FAILED


def watch(
    network: Network,
    programs: Sequence[Program],
    options: Options,
    stdout: Terminal,
    stderr: Terminal,
) -> LiveSink | None:
    """Have what was asked for written while the run goes on: events, columns, or what the programs print."""
    tracer = network.tracer
    if options.as_json:
        if options.trace:
            tracer.add(filtered(JsonlSink(stdout), options.filter, network))
    elif options.trace:
        tracer.add(ColumnsSink(stdout, list(network.hosts), event_filter(options.filter, network)))
    else:
        printed = stderr if is_live(options.capture) else stdout
        live = LiveSink(
            printed,
            stderr,
            [(program.host, program.name) for program in programs],
        )
        tracer.add(live)
        return live
    return None


def say(result: RunResult, keeper: RunKeeper, options: Options, stdout: Terminal, stderr: Terminal) -> None:
    """Say what came of it: for people on standard error, for programs on standard output."""
    if options.as_json:
        value = result_as_json(result)
        stdout.line(json.dumps(value) if options.trace else json.dumps(value, indent=2))
        stdout.flush()
        return
    stdout.flush()
    for text, style in keeper.report(result, stderr.paper()):
        stderr.line(stderr.paint(text, style))
    stderr.flush()
