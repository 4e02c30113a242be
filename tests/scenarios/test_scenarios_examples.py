"""The examples, as `make demo` runs them: streams intact, datagrams accounted for, captures that tshark accepts."""

import hashlib
import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.run import ProgramSpec, run_programs
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer

EXAMPLES = Path(__file__).parents[2] / "examples"
BAD_LINK = "delay=40ms loss=20% reorder=10%"
WORSE_LINK = "delay=20ms jitter=10ms loss=5% reorder=10% duplicate=5% corrupt=5% rate=10mbit"


@pytest.fixture(autouse=True)
def examples_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are named as a user would name them: a trace has their arguments, and no path of a machine."""
    monkeypatch.chdir(EXAMPLES)


class Run:
    """One finished run of an example and all that was kept of it."""

    def __init__(
        self, example: str, link: str, one_host: bool = False, seed: int = 7, server: str = "server"
    ) -> None:
        self.hash = HashSink()
        self.tracer = Tracer(self.hash)
        self.network = Network(seed=seed, tracer=self.tracer)
        hosts = ("box", "box") if one_host else ("server", "client")
        for name in dict.fromkeys(hosts):
            self.network.host(name)
        self.network.link_all(Conditions.parse(link))
        self.capture = io.BytesIO()
        sink = CaptureSink(self.capture, interfaces_of(self.network, self.network.hosts), names_of(self.network))
        self.tracer.add(sink)
        where = ["demo.sock"] if one_host else ["5000"]
        target = where if one_host else [server, "5000"]
        specs = [
            ProgramSpec(hosts[0], [f"{example}/server.py", *where], "server"),
            ProgramSpec(hosts[1], [f"{example}/client.py", *target], "client"),
        ]
        self.outcome = run_programs(self.network, specs, until_ns=3_600_000_000_000)
        sink.close()
        self.server, self.client = self.outcome.processes
        self.network.ledger().check()
        self.total = self.network.ledger().total

    def judged(self, tmp_path: Path, filter: str) -> list[str]:
        """tshark's lines for the packets of the capture that the display filter picks, with checksums verified."""
        path = tmp_path / "run.pcapng"
        path.write_bytes(self.capture.getvalue())
        checks = [word for layer in ("ip", "tcp", "udp") for word in ("-o", f"{layer}.check_checksum:TRUE")]
        command = ["tshark", "-r", str(path), *checks, "-Y", filter]
        environment = {**os.environ, "HOME": str(tmp_path)}
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout.splitlines()


BAD = "_ws.malformed or ip.checksum.status==0 or tcp.checksum.status==0 or udp.checksum.status==0"
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (Debian: tshark)")


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_streams_are_intact_and_in_order_over_a_bad_link(family: str) -> None:
    run = Run(f"{family}_stream", BAD_LINK)
    assert run.outcome.ok, run.outcome
    assert "the server says: 3000 lines, 28890 bytes" in run.client.stdout
    assert "in order" in run.server.stdout and "OUT OF ORDER" not in run.server.stdout
    assert run.total.dropped["loss"] > 0
    counters = run.network.hosts["client"].kernel.internet.counters
    assert counters["TcpRetransSegs"] > 0


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_datagrams_are_lost_and_reordered_as_told(family: str) -> None:
    run = Run(f"{family}_datagram", BAD_LINK)
    assert run.outcome.ok, run.outcome
    words = run.client.stdout.split()
    assert words[:2] == ["40", "sent,"]
    answers = int(words[2])
    there, back = run.network.ledger().channels[::-1]
    assert there.sent == 40, "nobody sends a lost datagram again"
    assert back.sent == there.delivered == 40 - there.dropped.get("loss", 0)
    assert answers == back.delivered == back.sent - back.dropped.get("loss", 0)
    assert run.total.dropped["loss"] > 0 and run.total.struck["reorder"] > 0


@pytest.mark.parametrize("kind", ["stream", "datagram"])
def test_unix_pairs_lose_nothing_whatever_the_network_does(kind: str) -> None:
    bad, good = Run(f"unix_{kind}", BAD_LINK, one_host=True), Run(f"unix_{kind}", "delay=1ms", one_host=True)
    assert bad.outcome.ok, bad.outcome
    assert bad.total.sent == 0
    assert bad.hash.result() == good.hash.result(), "the same conversation at 0 and 20 % loss"


@needs_tshark
@pytest.mark.parametrize("example", ["ipv4_stream", "ipv6_stream", "ipv4_datagram", "ipv6_datagram"])
def test_tshark_finds_no_malformed_packet_and_no_bad_checksum(example: str, tmp_path: Path) -> None:
    run = Run(example, WORSE_LINK)
    assert run.outcome.ok, run.outcome
    assert len(run.judged(tmp_path, "ip or ipv6")) > 40
    bad = run.judged(tmp_path, f"({BAD}) and not frame.comment")
    assert bad == []


@needs_tshark
def test_a_corrupted_packet_is_the_only_one_that_tshark_blames(tmp_path: Path) -> None:
    run = Run("ipv4_stream", "delay=20ms corrupt=20%")
    assert run.outcome.ok, run.outcome
    blamed = run.judged(tmp_path, BAD)
    assert 0 < len(blamed) <= 2 * run.total.struck["corrupt"]


@needs_tshark
@pytest.mark.parametrize("example", ["ipv4_stream", "ipv6_stream"])
def test_both_halves_of_a_segment_are_in_the_capture_and_right(example: str, tmp_path: Path) -> None:
    run = Run(example, "delay=20ms split=50% spike=20%:100ms gemodel=5%:50%")
    assert run.outcome.ok, run.outcome
    assert run.judged(tmp_path, BAD) == []
    assert len(run.judged(tmp_path, 'frame.comment contains "split"')) == run.total.split > 0
    assert len(run.judged(tmp_path, 'frame.comment contains "delayed"')) == run.total.struck["spike"] > 0


def test_the_same_seed_is_the_same_run_and_another_seed_another() -> None:
    first, again, other = (Run("ipv4_stream", BAD_LINK, seed=seed).hash.result() for seed in (7, 7, 8))
    assert first == again
    assert first.shape != other.shape


GOLDEN = {
    "posix_stream": "3e5687442be3202e",
    "posix_datagram": "060019b6a1aa8972",
}


@pytest.mark.parametrize("example", list(GOLDEN))
def test_the_posix_examples_have_one_hash_on_every_python_version(example: str) -> None:
    run = Run(example, BAD_LINK, server="10.0.0.1")
    assert run.outcome.ok, run.outcome
    result = run.hash.result()
    digest = hashlib.sha256(f"{result.shape} {result.content}".encode()).hexdigest()[:16]
    assert digest == GOLDEN[example]
