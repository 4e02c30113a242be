"""farhost run as people meet it: what is printed where, exit codes, mistakes, Ctrl-C, crashes, hangs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SERVER = """
import socket, sys
listener = socket.socket()
listener.bind(("", int(sys.argv[1])))
listener.listen(5)
while True:
    client, address = listener.accept()
    data = client.recv(100)
    print("got", data.decode())
    client.sendall(data.upper())
    client.close()
"""
CLIENT = """
import socket, sys
server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server.sendall(b"hello")
print(server.recv(100).decode())
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "client.py").write_text(CLIENT)
    return tmp_path


def farhost(folder, *words, hash_seed="0", timeout=60):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "farhost", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)


def echo(folder, *more, **options):
    return farhost(folder, "run", "server.py 5000", "client.py server 5000", *more, **options)


def test_output_is_prefixed_with_the_host_and_the_summary_is_on_stderr(folder):
    result = echo(folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "server | got hello\nclient | HELLO\n"
    assert "passed" in result.stderr
    assert "client" in result.stderr and "exited 0" in result.stderr
    assert "seed 0" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) <= 25


def test_the_same_seed_gives_the_same_run_whatever_the_hash_seed(folder):
    words = ("--link", "delay=40ms loss=30%", "--seed", "7", "--format", "json")
    results = [echo(folder, *words, hash_seed=seed) for seed in ("0", "1", "4711")]
    traces = [json.loads(result.stdout)["trace"] for result in results]
    assert traces[0] == traces[1] == traces[2]
    assert traces[0]["events"] > 10


def test_another_seed_gives_another_run(folder):
    words = ("--link", "delay=40ms loss=30%", "--format", "json", "--seed")
    traces = {json.loads(echo(folder, *words, seed).stdout)["trace"]["shape"] for seed in ("1", "2", "3", "4")}
    assert len(traces) > 1


def test_delay_passes_in_virtual_time(folder):
    began = time.perf_counter()
    result = json.loads(echo(folder, "--link", "delay=60s", "--format", "json").stdout)
    assert result["virtual_ns"] >= 180 * 10**9
    assert time.perf_counter() - began < 20


def test_json_says_what_the_text_says(folder):
    result = echo(folder, "--format", "json", "--seed", "3")
    value = json.loads(result.stdout)
    assert value["verdict"] == "passed"
    assert value["seed"] == 3
    assert [(process["host"], process["name"]) for process in value["processes"]] == [
        ("server", "server"),
        ("client", "client"),
    ]
    assert value["processes"][1]["stdout"] == "HELLO\n"
    assert value["processes"][1]["status"] == 0
    packets = value["packets"]
    assert packets["sent"] == packets["delivered"] + sum(packets["dropped"].values()) + packets["in_flight"]


def test_json_with_trace_is_json_lines(folder):
    lines = [json.loads(line) for line in echo(folder, "--format", "json", "--trace").stdout.splitlines()]
    assert lines[0] == {"farhost_trace": 2}
    assert {line["event"] for line in lines[1:-1]} >= {"SystemCall", "PacketEvent", "ProcessStarted", "Output"}
    assert lines[-1]["verdict"] == "passed"


def test_the_trace_shows_calls_and_packets_in_columns(folder):
    result = echo(folder, "--trace")
    header = result.stdout.splitlines()[0]
    assert header.split() == ["|", "server", "|", "client"]
    lines = result.stdout.splitlines()
    assert any("listen(3, 5) = 0" in line for line in lines)
    connecting = next(line for line in lines if "connect(" in line)
    assert connecting.index("connect(") == header.index("client")
    assert any("Flags [S]" in line and "eth0" in line for line in lines)


def test_a_capture_is_a_pcapng_file(folder):
    assert echo(folder, "--capture", "run.pcapng").returncode == 0
    data = (folder / "run.pcapng").read_bytes()
    assert data[:4] == b"\x0a\x0d\x0d\x0a"
    assert b"server eth0" in data and b"client eth0" in data


def test_a_capture_at_one_host_has_each_packet_once(folder):
    assert echo(folder, "--capture", "server:run.pcapng").returncode == 0
    data = (folder / "run.pcapng").read_bytes()
    assert b"server eth0" in data and b"client eth0" not in data


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_finds_no_malformed_packet_no_bad_checksum_and_only_true_retransmissions(folder):
    words = ("--link", "delay=40ms loss=30% corrupt=5%", "--seed", "3", "--capture", "client:run.pcapng")
    packets = json.loads(echo(folder, *words, "--format", "json").stdout)["packets"]
    command = ["tshark", "-n", "-r", "run.pcapng", "-d", "tcp.port==5000,data", "-o", "tcp.check_checksum:TRUE", "-Y"]

    def count(wanted):
        found = subprocess.run([*command, wanted], cwd=folder, capture_output=True, text=True, check=True).stdout
        return len(found.splitlines())

    assert count("frame") > 5
    assert count("_ws.malformed") == 0
    outbound = "frame.packet_flags_direction == 2"
    assert count(f"tcp.checksum.status == 0 && {outbound} && !frame.comment") == 0
    assert count(f"tcp.analysis.retransmission && {outbound}") <= packets["retransmitted"]


def test_programs_may_share_a_host_and_have_other_names(folder):
    (folder / "peer.py").write_text(CLIENT)
    result = farhost(
        folder, "run", "box=server.py 5000", "box=client.py localhost 5000", "peer.py www 5000", "--names", "www=box"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("box/server | got hello\n") == 2
    assert "peer       | HELLO\n" in result.stdout


def test_a_crash_shows_the_traceback_and_the_host(folder):
    (folder / "client.py").write_text("def fail():\n    raise RuntimeError('so it goes')\nfail()\n")
    result = echo(folder)
    assert result.returncode == 1
    assert "RuntimeError: so it goes" in result.stderr
    assert "client.py" in result.stderr
    assert "failed" in result.stderr
    assert "client" in result.stderr and "exited 1" in result.stderr
    assert "site-packages" not in result.stderr and "src/farhost" not in result.stderr


def test_a_program_that_exits_with_another_status_fails_the_run(folder):
    (folder / "client.py").write_text("import sys; sys.exit(3)\n")
    result = echo(folder)
    assert (result.returncode, "exited 3" in result.stderr) == (1, True)
    assert "the same again: farhost run 'server.py 5000' 'client.py server 5000' --seed 0\n" in result.stderr


def test_a_deadlock_says_who_waits_on_what(folder):
    (folder / "client.py").write_text(CLIENT.replace('server.sendall(b"hello")', "pass"))
    result = echo(folder)
    assert result.returncode == 1
    assert "deadlock" in result.stderr
    assert "recvfrom(" in result.stderr
    assert "client.py:" in result.stderr


def test_a_loop_without_calls_is_named_with_the_remedy_and_those_that_never_started(folder):
    (folder / "server.py").write_text("while True:\n    pass\n")
    result = echo(folder)
    assert result.returncode == 1
    assert "server.py:" in result.stderr and "let it wait for something" in result.stderr
    assert "  server  still running\n  client  never started" in result.stderr


def test_the_remedy_of_an_escape_is_in_the_summary(folder):
    (folder / "client.py").write_text("import os\nos.fork()\n")
    result = farhost(folder, "run", "client.py")
    assert result.returncode == 1
    ended = next(line for line in result.stderr.splitlines() if "exited 1" in line)
    assert ended.startswith("  client  exited 1: EscapeError: ") and ended.endswith("talk to it over a socket")


def test_an_escape_that_a_program_catches_is_told_all_the_same(folder):
    source = "import os\nfor _ in range(9):\n    try:\n        os.fork()\n    except Exception:\n        pass\n"
    (folder / "client.py").write_text(source)
    result = farhost(folder, "run", "client.py")
    assert result.returncode == 0
    told = [line for line in result.stderr.splitlines() if "refused, and caught: " in line]
    assert len(told) == 1 and "client.py:4 in <module>: os.fork" in told[0]
    assert told[0].endswith("talk to it over a socket")
    assert len(json.loads(farhost(folder, "run", "client.py", "--format", "json").stdout)["refused"]) == 1


def test_a_signal_that_kills_a_program_is_named(folder):
    (folder / "pipe.py").write_text(
        "import os, signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "r, w = os.pipe()\nos.close(r)\nos.write(w, b'x')\n"
    )
    result = farhost(folder, "run", "pipe.py")
    assert (result.returncode, "pipe  killed by SIGPIPE" in result.stderr) == (1, True)


def test_until_ends_a_run_that_would_go_on(folder):
    (folder / "client.py").write_text("import time\nwhile True:\n    time.sleep(1)\n")
    result = echo(folder, "--until", "60s", "--format", "json")
    value = json.loads(result.stdout)
    assert value["virtual_ns"] == 60 * 10**9
    assert result.returncode == 1
    assert value["verdict"] == "until"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["srever.py"], "no script 'srever.py'"),
        (["."], "is a directory"),
        (["client.py server 5000", "--link", "dely=40ms"], "no word 'dely'"),
        (["client.py server 5000", "--link", "delay=40"], "'40' has no unit"),
        (["client.py server 5000", "--link", "loss=0.1"], "'0.1' has no unit"),
        (["client.py server 5000", "--link", ""], "says nothing of a link"),
        (["client.py server 5000", "--link", "client>nobody: delay=1ms"], "no host 'nobody'"),
        (["client.py server 5000", "--host", "nobody: byte-order=big"], "no host 'nobody'"),
        (["client.py server 5000", "--names", "www=nobody"], "no host 'nobody'"),
        (["client.py server 5000", "--until", "60"], "'60' has no unit"),
        (["client.py server 5000", "--seed", "many"], "many"),
        (["client.py server 5000", "--capture", "no/such/folder/x.pcapng"], "cannot write"),
        (["client.py server 5000", "--capture", "nobody:x.pcapng"], "no host 'nobody'"),
        (["client.py server 5000", "--capture", "client:"], "names no file"),
        (["client.py server 5000", "--colour"], "--colour"),
        (["-m http.server 8000"], "'server=-m http.server 8000'"),
        (["python3 -u client.py"], "no script '-u'"),
        (["'client.py"], "quote the whole program"),
    ],
)
def test_a_mistake_is_named_with_its_remedy_and_exits_2(folder, words, says):
    result = farhost(folder, "run", *words)
    assert result.returncode == 2, result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_nothing_to_run_exits_5(folder):
    result = farhost(folder, "run")
    assert (result.returncode, "nothing to run" in result.stderr) == (5, True)


def test_ctrl_c_exits_130_and_leaves_nothing_behind(folder):
    (folder / "client.py").write_text("import time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.001)\n")
    command = [sys.executable, "-m", "farhost", "run", "client.py"]
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    (folder / "tmp").mkdir()
    running = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "client | begun\n"
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert list((folder / "tmp").iterdir()) == []
    assert sorted(path.name for path in folder.iterdir()) == ["client.py", "server.py", "tmp"]


def test_a_reader_that_goes_away_is_no_error(folder):
    (folder / "client.py").write_text("for number in range(100_000):\n    print(number)\n")
    command = f"{sys.executable} -m farhost run client.py | head -n 1"
    result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=60)
    assert result.stdout == "client | 0\n"
    assert "Traceback" not in result.stderr and "BrokenPipe" not in result.stderr


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["dig", "-h"]])
def test_help_has_examples(folder, words):
    result = farhost(folder, *words)
    assert result.returncode == 0
    assert "farhost" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_version_is_that_of_the_package(folder):
    assert farhost(folder, "--version").stdout == f"farhost, version {metadata.version('farhost')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_learn_to_complete(folder, shell):
    result = farhost(folder, "completion", shell)
    assert result.returncode == 0
    assert "_FARHOST_COMPLETE" in result.stdout


def test_sets_of_a_programs_own_objects_have_one_order(folder):
    (folder / "client.py").write_text(
        "class Own: pass\nmade = [Own() for _ in range(40)]\nprint(*map(made.index, set(made)))\n"
    )
    assert len({farhost(folder, "run", "client.py", hash_seed=seed).stdout for seed in ("0", "1", "2", "3")}) == 1


STAYING = """
import os, socket, sys
print("up", os.environ.get("COLOUR"), sys.stdin.read(), flush=True)
listener = socket.create_server(("", 5000))
try:
    while True:
        listener.accept()[0].close()
finally:
    print("finally")
"""
WAITING = "import sys, time; print('from', time.time() % 60 // 1); time.sleep(float(sys.argv[1])); print('done')"


@pytest.fixture
def staying(tmp_path):
    (tmp_path / "server.py").write_text(STAYING)
    (tmp_path / "client.py").write_text(WAITING)
    (tmp_path / "words").write_text("words")
    return tmp_path


@pytest.mark.parametrize("how", [(), ("--isolate",)])
def test_what_happens_in_a_run_is_said_with_its_time(staying, how):
    plans = ["2s crash server", "4s restart server", "6s kill server SIGTERM", "7s pause client", "8s resume client"]
    plans += ["8s rerun client", "8s link client-server loss=5%", "9s link client>server down"]
    plans += ["1s clock client +120s", "1s clock server -3s", "3s partition client-server", "4s heal client>server"]
    words = [word for plan in plans for word in ("--at", plan)]
    settings = ["--program", "server: env=COLOUR=blue stdin=words nofile=20"]
    result = farhost(staying, "run", "server.py", "client.py 10", *words, *settings, "--trace", *how)
    assert result.returncode == 0, result.stderr + result.stdout
    for line in (
        "* crash: server",
        "* boot: server",
        "--- SIGTERM to server.2: killed ---",
        "--- SIGSTOP to client: ",
        "wall clock: 1767225601.000 s -> 1767225721.000 s",
        "wall clock: 1767225601.000 s -> 1767225598.000 s",
    ):
        assert line in result.stdout
    assert result.stdout.count("| up blue words") == 2
    assert "| finally" not in result.stdout
    assert "| from 0.0" in result.stdout and "| from 8.0" in result.stdout and result.stdout.count("| done") == 1
    ends = [line.split("  ")[-1] for line in result.stderr.splitlines() if line.startswith("  ")]
    assert ends == ["gone: its host crashed", "ended to be started again", "killed by SIGTERM, as asked", "exited 0"]
    assert "(virtual time 18." in result.stderr


def test_plans_act_the_same_way_with_isolated_programs(staying):
    def hashes(*how):
        words = (
            "--at",
            "1s pause client",
            "--at",
            "2s resume client",
            "--at",
            "3s restart server",
            "--format",
            "json",
        )
        result = farhost(staying, "run", "server.py", "client.py 10", *words, *how)
        return json.loads(result.stdout)["trace"]

    assert hashes() == hashes("--isolate")


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        ("--at", "2s", "write a time and what happens then, such as '2s crash server'"),
        ("--at", "2s burn server", "crash, restart, kill, pause, resume, rerun, link, partition, heal, clock"),
        ("--at", "2 crash server", "'2 crash server': "),
        ("--at", "2s crash box", "no host 'box': the hosts are server, client"),
        ("--at", "2s crash", "name one host after the word: server, client"),
        ("--at", "2s pause box", "no program 'box': there are server, client"),
        ("--at", "2s kill server SIGNOT", "no signal 'SIGNOT'"),
        ("--at", "2s link server-client", "write the link and what it is like"),
        ("--at", "2s link server-client lost=2%", "no word 'lost' describes a link"),
        ("--at", "2s link server-box down", "no host 'box'"),
        ("--at", "2s clock server", "write the host and the step, such as clock server -3s"),
        ("--at", "2s clock server 3s", "'3s' has no sign: a step of a clock is + or -"),
        ("--at", "2s clock box -3s", "no host 'box'"),
        ("--at", "2s partition server", "'server' names one end of a link"),
        ("--at", "2s heal", "name one link after the word: a-b, or a>b for one direction"),
        ("--at", "2s partition server-client down", "name one link after the word"),
        ("--program", "box: nofile=4", "no program 'box'"),
        ("--program", "server nofile=4", "write the program, a colon and its words"),
        ("--program", "server: colour=4", "no word 'colour=4': it has nofile=64"),
        ("--program", "server: nofile=many", "nofile=many: it is a number of descriptors"),
        ("--program", "server: cwd=/no/such", "is no directory"),
        ("--program", "server: stdin=/no/such", "cannot be read: No such file or directory"),
        ("--program", "server: nofile=8 nofile=9", "nofile is said twice"),
    ],
)
def test_a_mistake_in_what_is_to_happen_is_named(staying, option, text, says):
    result = farhost(staying, "run", "server.py", "client.py 10", option, text)
    assert result.returncode == 2
    assert says in result.stderr


def test_one_of_several_programs_of_a_host_is_named_after_it(staying):
    result = farhost(staying, "run", "box=server.py", "box=client.py 5", "--at", "1s kill box/server")
    assert result.returncode == 0, result.stderr
    assert "server on box  killed by SIGKILL, as asked" in result.stderr
    assert "client on box  exited 0" in result.stderr
