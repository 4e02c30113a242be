"""A scenario is run: its faults, its plans, what must hold meanwhile, and what it should have come to."""

from collections.abc import Callable, Sequence

from farhost.kernel.socket_row import SocketRow
from farhost.network.network import Network
from farhost.programs.control import Control
from farhost.programs.process import ProgramProcess
from farhost.programs.run import Outcome, ReadyRun
from farhost.programs.run_faults import HORIZON_NS
from farhost.programs.watchdog import LIMIT_S
from farhost.report.strace import format_call
from farhost.scenario.faults import Faults
from farhost.scenario.invariants import RunView, Watch, sockets_of
from farhost.scenario.scenario import Built


def carry_out(
    built: Built,
    ready: ReadyRun,
    faults: Faults,
    *,
    horizon_ns: int = 0,
    on_output: Callable[[ProgramProcess, int, bytes], None] | None = None,
    watchdog_s: float = LIMIT_S,
    last: bool = False,
) -> Outcome:
    """Run it once, with these faults. `horizon_ns`: how long it takes without any, if that is known; `last` as
    `ReadyRun.go` has it."""
    network = built.network
    faults.apply_to_network(network)
    watch = Watch(format_call)
    if built.invariants:
        view = RunView(network)
        network.tracer.add(view)
        watch.add(built.invariants, view)
    rows: dict[str, list[SocketRow]] = {}

    def prepare(control: Control) -> None:
        built.plan(control)
        if built.invariants:
            watch.begin(control)
        if built.expectations.sockets:
            control.runtime.last_looks.append(lambda: rows.update(_rows(network, built.expectations.hosts())))

    outcome = ready.go(
        until_ns=built.until_ns,
        watchdog_s=watchdog_s,
        on_output=on_output,
        prepare=prepare,
        faults=faults.for_run(horizon_ns or HORIZON_NS),
        last=last,
    )
    complaints = built.expectations.complaints(outcome, rows) if outcome.ok else []
    if complaints:
        return outcome._replace(ok=False, kind="outcome", message="\n".join(complaints))
    return outcome


def _rows(network: Network, hosts: Sequence[str]) -> dict[str, list[SocketRow]]:
    return {host: sockets_of(network, host) for host in hosts}
