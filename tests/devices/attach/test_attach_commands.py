"""Commands beside a network that is up: what they show, change and refuse."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest
from lines import read_line
from terminals import FARHOST, finish

LISTEN = """
import socket
import sys

with socket.create_server(("", 5000)) as listener:
    print("listening", flush=True)
    client, _ = listener.accept()
    while data := client.recv(100):
        client.sendall(data)
"""
ECHO = """
import socket
import sys
import time

with socket.create_connection(("server", 5000), timeout=float(sys.argv[1])) as server:
    for _ in range(2):
        began = time.monotonic()
        server.sendall(b"x")
        server.recv(100)
print(time.monotonic() - began)
"""


def serve(terminals, host="server"):
    """A server that has begun to listen."""
    server = terminals.python(host, "-c", LISTEN)
    assert read_line(server) == "listening\n"
    return server


def test_status_shows_hosts_addresses_processes_and_packets(terminals):
    terminals.up("--host", "server", "--host", "client", "--seed", "7")
    server = serve(terminals)
    found = terminals.status()
    assert (found["network"], found["seed"]) == ("default", 7)
    box, other = found["hosts"]
    assert (box["name"], box["addresses"]) == ("server", ["10.0.0.1", "fd00::1"])
    assert [process["pid"] for process in box["processes"]] == [server.pid]
    assert box["processes"][0]["waits"] == ["accept4"]
    assert other["processes"] == []
    text = terminals.farhost("status")
    assert "network 'default'" in text
    assert f"{server.pid} -c" in text
    assert "waits in accept4" in text
    finish(terminals.python("client", "-c", ECHO, "20"))
    assert terminals.status()["packets"]["sent"] > 0


def test_ss_shows_sockets_as_ss_does(terminals):
    terminals.up("--host", "server", "--host", "client")
    serve(terminals)
    client = terminals.python(
        "client",
        "-c",
        "import socket, time; s = socket.create_connection(('server', 5000))\n"
        "l = socket.socket(type=socket.SOCK_DGRAM, proto=socket.IPPROTO_UDPLITE); l.bind(('', 52))\n"
        "u = socket.socket(type=socket.SOCK_DGRAM); u.bind(('', 53)); time.sleep(60)",
    )
    terminals.wait_listening(53)
    rows = {(row["host"], row["kind"], row["state"]) for row in terminals.sockets()}
    assert rows == {
        ("server", "tcp", "LISTEN"),
        ("server", "tcp", "ESTAB"),
        ("client", "tcp", "ESTAB"),
        ("client", "udpl", "UNCONN"),
        ("client", "udp", "UNCONN"),
    }
    assert {row["host"] for row in terminals.sockets("--host", "client")} == {"client"}
    assert [row["local"] for row in terminals.sockets("-u")] == ["0.0.0.0:52", "0.0.0.0:53"]
    assert [row["state"] for row in terminals.sockets("-l")] == ["LISTEN"]
    assert terminals.sockets("-x") == []
    text = terminals.farhost("ss", "-t", "--host", "server")
    assert "LISTEN" in text
    assert "10.0.0.1:5000" in text
    client.kill()
    terminals.wait(lambda: not terminals.sockets("-u"), "the killed client's socket stays")


def test_links_change_while_programs_run(terminals):
    terminals.up("--host", "server", "--host", "client")
    assert terminals.farhost("link", "show").splitlines() == ["server>client: perfect", "client>server: perfect"]
    for words, least in (("delay=150ms", 0.3), ("delay=0ms", 0.0)):
        terminals.farhost("link", "set", words)
        server = serve(terminals)
        assert float(finish(terminals.python("client", "-c", ECHO, "20"))) >= least
        finish(server)
    terminals.farhost("link", "set", "client>server", "delay=70ms", "loss=3%")
    terminals.farhost("link", "set", "server-client", "rate=10mbit")
    shown = json.loads(terminals.farhost("link", "show", "--format", "json"))
    assert [(link["source"], link["conditions"]) for link in shown] == [
        ("server", "rate=10mbit"),
        ("client", "delay=70ms rate=10mbit loss=3%"),
    ]


def test_a_link_that_is_down_lets_nothing_through_and_tells_nobody(terminals):
    terminals.up("--host", "server", "--host", "client")
    serve(terminals)
    terminals.farhost("link", "down", "client-server")
    assert "(down)" in terminals.farhost("link", "show")
    said = finish(terminals.python("client", "-c", ECHO, "0.3"), status=1)
    assert "TimeoutError: timed out" in said
    terminals.farhost("link", "up", "client-server")
    finish(terminals.python("client", "-c", ECHO, "20"))


def test_hosts_that_nobody_described_come_when_they_are_named(terminals):
    terminals.up()
    assert terminals.status()["hosts"] == []
    serve(terminals, "server")
    finish(terminals.python("client", "-c", ECHO, "20"))
    assert [host["name"] for host in terminals.status()["hosts"]] == ["server", "client"]
    assert "is no host name" in terminals.farhost("exec", "--host", "no such", "--", "python3", status=2)


def test_a_host_that_has_no_room_does_not_come(terminals):
    terminals.up("--ipv4", "10.0.0.0/30")
    for host in ("a", "b"):
        finish(terminals.python(host, "-c", ""))
    for _ in range(2):
        assert "no address left" in terminals.farhost("exec", "--host", "c", "--", "python3", status=2)
    assert [host["name"] for host in terminals.status()["hosts"]] == ["a", "b"]


def test_a_script_without_a_first_line_is_the_pythons_of_farhost(terminals):
    terminals.up()
    for name, text in (
        ("who.py", "import socket; print(socket.gethostname())"),
        ("who", "x"),
        ("bad", "#!/no/such\n"),
    ):
        (terminals.folder / name).write_text(text)
        (terminals.folder / name).chmod(0o755)
    assert terminals.farhost("exec", "--host", "c", "--", "./who.py") == "c\n"
    said = terminals.farhost("exec", "--host", "c", "--", "./who", status=126)
    assert said.startswith("farhost: ./who: cannot execute: Exec format error: ")
    assert said.count("\n") == 1
    said = terminals.farhost("exec", "--host", "c", "--", "./bad", status=126)
    assert said.startswith("farhost: ./bad: cannot execute: No such file or directory: ")


def test_names_and_addresses_are_looked_up_in_the_running_network(terminals):
    terminals.up("--host", "a", "--host", "b", "--names", "www=a,b")
    assert terminals.farhost("dig", "www", "+short").split() == ["10.0.0.1", "10.0.0.2"]
    assert terminals.farhost("dig", "-x", "fd00::2", "+short").split() == ["b.", "www."]
    assert "NXDOMAIN" in terminals.farhost("dig", "c")
    assert "the hosts are a, b" in terminals.farhost("dig", "a", "@c", status=2)


def test_a_topology_file_describes_the_network(terminals):
    (terminals.folder / "net.toml").write_text(
        'link = "delay=1ms"\n[hosts.server]\naliases = ["www"]\nuser = "root"\n[hosts.client]\n'
    )
    terminals.up("net.toml")
    said = finish(terminals.python("server", "-c", "import os, socket; print(os.getuid(), socket.gethostname())"))
    assert said == "0 server\n"
    renamed = "import os, socket; socket.sethostname('new'); print(socket.gethostname(), os.uname().nodename)"
    assert finish(terminals.python("server", "-c", renamed)) == "new new\n"
    assert (
        finish(terminals.python("client", "-c", "import socket; print(socket.gethostbyname('www'))")) == "10.0.0.1\n"
    )
    assert "the hosts are server, client" in terminals.farhost("exec", "--host", "x", "--", "python3", status=2)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["status"], "no network 'default' is up: start one with `farhost up`"),
        (["down"], "no network 'default' is up"),
        (["exec", "--host", "a", "--", "python3"], "no network 'default' is up"),
        (["ss", "--network", "no/name"], "is no name of a network"),
        (["up", "nothing.toml"], "nothing.toml: No such file or directory"),
        (["up", "--link", "delay=5"], "delay"),
        (["up", "--ipv4", "10.0.0.0/33"], "10.0.0.0/33"),
        (["up", "--ipv4", "10.0.0.0/31", "--host", "a"], "'10.0.0.0/31' has no room for two hosts"),
        (
            ["up", "--ipv4", "10.0.0.0/30", "--host", "a", "--host", "b", "--host", "c"],
            "host 'c': the segment net has",
        ),
        (["up", "--host", "a", "--host", "a: user=root"], "--host 'a' is given twice"),
        (["up", "--names", "www=nosuch"], "no host 'nosuch': the hosts are none"),
        (["up", "--tun", "a/b", "--ipv4", "10.99.0.0/24"], "no name of a device"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(terminals, words, why):
    said = terminals.farhost(*words, status=2)
    assert why in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["exec", "--host", "a", "--", "no-such-program"], "no program 'no-such-program'"),
        (["exec", "--host", "a", "--", "ls"], "'ls' is no Python program"),
        (["exec", "--host", "a", "--", sys.executable, "-I", "x.py"], "with -I a Python loads nothing"),
        (["exec", "--host", "c", "--", sys.executable], "no host 'c': the hosts are a, b"),
        (["exec", "--host", "a"], "Missing argument 'COMMAND...'"),
        (["link", "set", "a-c", "loss=5%"], "'c'"),
        (["link", "set", "loss=lots"], "lots"),
        (["link", "set", "a-b"], "says nothing of the link"),
        (["link", "down", "a"], "'a'"),
        (["ss", "--host", "c"], "no host 'c'"),
        (["up"], "is up already"),
        (["up", "--host", "a", "--network", "x y"], "is no name of a network"),
        (["up", "--host", "a: clock=+5s", "--network", "x"], "in real time programs read this machine's clock"),
    ],
)
def test_what_a_network_refuses_is_said_without_a_traceback(request, words, why):
    terminals = request.getfixturevalue("two_hosts")
    said = terminals.farhost(*words, status=2)
    assert why in said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def two_hosts(tmp_path_factory):
    """One network for those that only ask."""
    from terminals import Terminals

    with Terminals(tmp_path_factory.mktemp("t")) as made:
        made.up("--host", "a", "--host", "b")
        yield made


def test_in_the_background_it_stays_up_until_it_is_taken_down(terminals):
    said = terminals.farhost("up", "--host", "a", "--link", "delay=1ms", "--seed", "3")
    assert "network is up, seed 3" in said
    assert "10.0.0.1" in said
    pid = terminals.status()["pid"]
    try:
        sleeper = terminals.python(
            "a", "-c", "import socket\ns = socket.create_server(('', 1))\nprint('listening', flush=True)\ns.accept()"
        )
        assert read_line(sleeper) == "listening\n"
        assert f"python on a (pid {sleeper.pid}) is still running" in terminals.farhost("down")
        assert "default.sock has ended" in finish(sleeper, status=1)
        terminals.wait(lambda: not os.path.exists(f"/proc/{pid}"), "the network does not end")
        assert os.listdir(terminals.runtime / "farhost") == ["default.lock", "default.log"]
    finally:
        if os.path.exists(f"/proc/{pid}"):
            os.kill(pid, signal.SIGKILL)


def test_ctrl_c_leaves_nothing_behind(terminals):
    network = terminals.up("--host", "a")
    network.send_signal(signal.SIGINT)
    finish(network)
    assert os.listdir(terminals.runtime / "farhost") == ["default.lock"]


def test_a_network_that_was_killed_is_not_in_the_way_of_the_next(terminals):
    network = terminals.up("--host", "a")
    waiting = terminals.python(
        "a", "-c", "import socket\ns = socket.create_server(('', 1))\nprint('listening', flush=True)\ns.accept()"
    )
    assert read_line(waiting) == "listening\n"
    network.kill()
    network.wait()
    assert "farhost network at" in finish(waiting, status=1)
    assert "no network 'default' is up" in terminals.farhost("status", status=2)
    terminals.up("--host", "a")
    assert terminals.status()["hosts"][0]["processes"] == []


def test_several_networks_at_once(terminals):
    terminals.up("--host", "a", "--network", "one")
    assert terminals.status()["network"] == "one"
    terminals.up("--host", "a", "--network", "two")
    assert "--network chooses one that is: one, two" in terminals.farhost("status", status=2)
    assert "network 'two'" in terminals.farhost("status", "--network", "two")
    terminals.environment["FARHOST_NETWORK"] = "one"
    assert terminals.status()["network"] == "one"


def test_only_the_user_may_come_near_the_control_socket(terminals):
    terminals.up("--host", "a")
    directory = terminals.runtime / "farhost"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "default.sock").stat().st_mode) == 0o600
    directory.chmod(0o755)
    assert "is not a directory of yours alone" in terminals.farhost("status", status=2)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", bytes(64), b"\x03\0\0\0\0\0\0\x05\0\0\0\0{nope", b"\x01"]
)
def test_what_is_no_frame_is_dropped_and_harms_nobody(terminals, data):
    terminals.up("--host", "a")
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.connect(str(terminals.runtime / "farhost" / "default.sock"))
        visitor.sendall(data)
        visitor.shutdown(socket.SHUT_WR)
        visitor.settimeout(20)
        assert visitor.recv(100) == b""
    assert terminals.status()["hosts"][0]["name"] == "a"


def test_a_question_of_another_version_is_answered_in_words(terminals):
    from farhost.devices.attach.asking import Asker
    from farhost.devices.attach.errors import QuestionError

    terminals.up("--host", "a")
    with (
        Asker(terminals.runtime / "farhost" / "default.sock") as asker,
        pytest.raises(QuestionError, match="another version of farhost"),
    ):
        asker.ask("what nobody asks")


def test_a_program_that_is_stopped_holds_nobody_up(terminals):
    terminals.up("--host", "server", "--host", "client")
    stopped = terminals.python(
        "client",
        "-c",
        "import socket, time\ns = socket.create_server(('', 9))\n"
        "print('listening', flush=True)\nwhile True: s.getsockname()",
    )
    assert read_line(stopped) == "listening\n"
    stopped.send_signal(signal.SIGSTOP)
    serve(terminals)
    finish(terminals.python("client", "-c", ECHO, "20"))
    stopped.send_signal(signal.SIGCONT)
    assert stopped.poll() is None


def test_an_attached_program_makes_no_network_call_of_the_machines(terminals):
    import shutil

    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (Debian: strace)")
    terminals.up("--host", "server", "--host", "client")
    serve(terminals)
    log = terminals.folder / "strace.log"
    command = ["strace", "-f", "-e", "trace=%network", "-o", str(log), sys.executable, "-c", ECHO, "20"]
    finish(terminals.execute("client", *command))
    calls = [line.split(None, 1)[1] for line in log.read_text().splitlines() if "(" in line]
    families = {part for line in calls if line.startswith("socket(") for part in [line.split("(")[1].split(",")[0]]}
    assert families == {"AF_UNIX"}
    connected = {line.split('sun_path="')[1].split('"')[0] for line in calls if line.startswith("connect(")}
    assert connected == {str(terminals.runtime / "farhost" / "default.sock")}
    assert not [line for line in calls if line.startswith(("bind(", "listen(", "accept", "getpeername("))]


def test_an_attached_program_loads_nothing_that_its_python_may_lack():
    """The program's Python need not have what farhost itself depends on."""
    source = (
        "import sys\nbefore = set(sys.modules)\nimport farhost.programs.attached.start\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "['farhost']\n"


def test_help_of_every_command_has_its_words():
    for command in ("up", "exec", "status", "ss", "link", "dig", "down"):
        done = subprocess.run([*FARHOST, command, "--help"], capture_output=True, text=True, check=True)
        assert f"farhost {command}" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 100


def test_farhosts_own_commands_work_in_a_shell_on_a_host(terminals):
    terminals.up("--network", "other", "--host", "box")
    terminals.environment["FARHOST_NETWORK"] = "other"
    shell = (
        f"unset FARHOST_NETWORK; {' '.join(FARHOST)} status; {' '.join(FARHOST)} ss; {' '.join(FARHOST)} run who.py"
    )
    (terminals.folder / "who.py").write_text("import socket\nprint('in virtual time on', socket.gethostname())\n")
    said = finish(terminals.execute("box", "sh", "-c", shell))
    assert "box" in said and "Error" not in said
    assert "in virtual time on who" in said


def test_a_network_in_a_program_on_a_host_is_refused_in_words(terminals):
    terminals.up("--host", "box")
    said = finish(terminals.python("box", "-c", "import farhost; farhost.Network().host('a').start(print)"), 1)
    assert said.rstrip().endswith("is on a network already, and makes none of its own: start it without")
