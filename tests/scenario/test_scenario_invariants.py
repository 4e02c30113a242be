import pytest

from farhost import always, eventually
from farhost.network.network import Network
from farhost.programs.run import ProgramSpec, run_programs
from farhost.scenario.invariants import ChecksError, RunView, Watch, load_invariants

SERVER = """
import socket, sys
listener = socket.create_server(("", 5000))
print("listening", flush=True)
for number in range(2):
    own, _ = listener.accept()
    print("got", own.recv(10), flush=True)
    own.close()
print("bad", file=sys.stderr, flush=True)
"""
CLIENT = """
import socket, time
for number in range(2):
    with socket.create_connection(("server", 5000)) as own:
        own.sendall(b"hello")
        time.sleep(1)
"""


def checks_file(folder, text):
    path = folder / "checks.py"
    path.write_text("from farhost import always, eventually\n\n" + text)
    return path


def run(folder, text):
    """A server and a client under the checks; the outcome."""
    for name, source in (("server", SERVER), ("client", CLIENT)):
        (folder / f"{name}.py").write_text(source)
    network = Network(seed=5)
    for name in ("server", "client"):
        network.host(name)
    view, watch = RunView(network), Watch()
    network.tracer.add(view)
    watch.add(load_invariants(checks_file(folder, text)), view)
    programs = [ProgramSpec(name, [str(folder / f"{name}.py")]) for name in ("server", "client")]
    return run_programs(network, programs, prepare=watch.begin)


def test_checks_of_a_file_hold(tmp_path):
    outcome = run(
        tmp_path,
        """
@always
def sockets_are_few(run):
    return all(len(run.sockets(host)) < 5 for host in run.hosts)

@always(message="time is time")
def not_late(run):
    return 0 <= run.now_ns < 100_000_000_000

@eventually(within="10s")
def both_came(run):
    return run.stdout("server").count("hello") == 2 and len(run.calls("server/server", "accept4")) == 2

@eventually(within="10s", message="all ended")
def ended(run):
    assert run.status("client") == 0
    assert run.stderr("server") == "bad\\n"
    return True
""",
    )
    assert (outcome.kind, outcome.message) == ("passed", "")


def test_a_broken_one_is_named_in_words_with_its_time_and_call(tmp_path):
    outcome = run(
        tmp_path,
        """
@always
def the_server_gets_one(run):
    return run.stdout("server").count("hello") < 2
""",
    )
    assert (outcome.ok, outcome.kind) == (False, "invariant")
    first, second = outcome.message.splitlines()
    assert first == "always: the server gets one does not hold"
    assert second.startswith("at 1.00")
    assert second.endswith(" s of virtual time, after server: write()")


def test_what_does_not_come_true_is_named(tmp_path):
    outcome = run(
        tmp_path,
        """
@eventually(within="500ms", message="both came")
def check(run):
    return len(run.calls("server", "accept4")) == 2
""",
    )
    assert outcome.message == "eventually: both came did not come true within 500ms\nat 0.500000 s of virtual time"


def test_a_wrong_name_in_a_check_is_told(tmp_path):
    outcome = run(tmp_path, "@always\ndef check(run):\n    run.stdout('severer')\n")
    assert outcome.kind == "invariant"
    assert "no program 'severer': name a host, or host/program; the hosts are server, client" in outcome.message


def test_a_host_that_crashes_and_a_program_that_is_killed_are_no_failures_before_an_invariant(tmp_path):
    network = Network()
    network.host("host")
    (tmp_path / "long.py").write_text("import time\nfor n in range(9):\n    time.sleep(1)\n")
    watch, seen = Watch(), []

    def prepare(control):
        watch.begin(control)
        control.at(2_500_000_000, lambda: control.kill(0, 9))
        control.at(3_500_000_000, lambda: control.restart_program(0))

    watch.always(lambda: seen.append(1) or len(seen) < 8, "few calls")
    programs = [ProgramSpec("host", [str(tmp_path / "long.py")])]
    outcome = run_programs(network, programs, prepare=prepare)
    assert outcome.kind == "invariant", outcome


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "checks.py marks no check: write @always"),
        ("1 / 0", "checks.py cannot be run: ZeroDivisionError"),
        ("@always\ndef check():\n    pass\n", "checks.py: 'check' takes the run, and nothing else: def check(run)"),
        ("@eventually\ndef check(run):\n    pass\n", "checks.py cannot be run: TypeError"),
        ("@eventually(within=5)\ndef check(run):\n    pass\n", "within=5 has no unit"),
    ],
)
def test_a_file_that_is_no_file_of_checks_is_refused(tmp_path, text, words):
    with pytest.raises(ChecksError) as caught:
        load_invariants(checks_file(tmp_path, text))
    assert words in str(caught.value)
    with pytest.raises(ChecksError, match="no such file of checks"):
        load_invariants(tmp_path / "missing.py")


def test_marked_functions_stay_functions():
    @always
    def one(run):
        return 1

    @eventually(within="1s")
    def two(run):
        return 2

    assert (one(None), two(None)) == (1, 2)
