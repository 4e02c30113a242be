"""Name servers on the command line: what the words do, dig as a program, and what is refused."""

import pytest
from click.testing import CliRunner

from farhost.cli.commands import farhost
from farhost.scenario.description import NameWords, build_network
from farhost.scenario.words import WordError
from farhost.wire.addresses import inet_ntop

LOOK_UP = """
import socket, sys
print(socket.gethostbyname(sys.argv[1]))
"""


def run(*words):
    result = CliRunner().invoke(farhost, ["run", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def script(tmp_path, monkeypatch):
    (tmp_path / "look.py").write_text(LOOK_UP)
    monkeypatch.chdir(tmp_path)
    return "look.py"


def test_a_name_server_is_one_more_host(script):
    result = run(f"client={script} web", f"web={script} client", "--name-server", "ns", "--link", "delay=10ms")
    assert "passed" in result.output
    assert "client | 10.0.0.2\n" in result.output
    assert "packets: 4 sent, 4 delivered" in result.output, "the other began when the first had parked"


def test_all_words(script):
    words = [
        "--name-server",
        "ns: domain=example.com delay=1s",
        "--record",
        "www A 10.9.9.9",
        "--record",
        "w CNAME www",
    ]
    result = run(f"client={script} w", *words, "--resolver", "timeout=1s", "--resolver", "client: timeout=2s")
    assert "client | 10.9.9.9\n" in result.output
    assert "virtual time 1.0" in result.output


def test_dig_is_a_program(script):
    words = ["web=look.py client", "client=dig web", "--name-server", "ns: ttl=5s", "--link", "delay=10ms"]
    result = run(*words)
    assert "passed" in result.output
    for line in (
        ";; flags: qr aa rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0",
        "web.\t5\tIN\tA\t10.0.0.1",
        ";; Query time: 20 msec",
        ";; SERVER: 10.0.0.3#53 (UDP)",
    ):
        assert f"client | {line}\n" in result.output
    assert "status: NOERROR" in result.output


def test_dig_takes_other_words():
    server = ("--name-server", "ns", "--record", "t TXT hello", "--record", "bad A 10.0.0.9")
    assert "c | c.\n" in run("c=dig -x 10.0.0.1 +short", *server).output
    assert "c | fd00::1\n" in run("c=dig c AAAA @10.0.0.2 +short +tcp", *server).output
    assert 'c | t.\t60\tIN\tTXT\t"hello"\n' in run("c=dig t TXT", *server).output
    nobody = run("c=dig nobody", *server)
    assert "status: NXDOMAIN" in nobody.output
    assert ";; AUTHORITY SECTION:" in nobody.output


def test_dig_says_what_is_wrong():
    assert "this host asks no name server: name one, as in @10.0.0.1" in run("c=dig web").output
    silent = run("c=dig c", "--name-server", "ns: drop=100%")
    assert "failed (virtual time 15" in silent.output
    assert "c | ;; communications error to 10.0.0.2#53: timed out\n" * 3 in silent.output
    assert "c | ;; no servers could be reached\n" in silent.output
    assert "exited 9" in silent.output
    assert "no option '+trace'" in run("c=dig c +trace", "--name-server", "ns").output


def test_a_file_of_that_name_goes_before_dig(tmp_path, monkeypatch):
    (tmp_path / "dig").write_text("print('a file')")
    monkeypatch.chdir(tmp_path)
    assert "c | a file\n" in run("c=dig").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (NameWords(["ns: dely=1s"]), "'ns: dely=1s': no word 'dely' describes a name server: they are domain, ttl"),
        (NameWords(["ns: drop=5"]), "drop: '5' has no unit"),
        (NameWords(["delay=1s"]), "write the host that is a name server first, such as 'ns: delay=1s'"),
        (NameWords(["ns", "ns"]), "is a name server already"),
        (NameWords(["n s"]), "no host name"),
        (NameWords(["ns"], ["www B 10.0.0.1"]), "the types are A, AAAA, CNAME"),
        (NameWords([], ["www A 10.0.0.1"]), "a record is for a name server: name its host with --name-server"),
        (NameWords([], [], ["timeout=1"]), "timeout: '1' has no unit"),
        (NameWords([], [], ["serch=a"]), "no word 'serch' describes a resolver"),
        (NameWords([], [], ["client:"]), "says nothing of a resolver"),
        (NameWords([], [], ["nobody: ndots=1"]), "no host 'nobody': the hosts are client"),
        (NameWords([], [], ["nameservers=nobody"]), "client: no name server 'nobody'"),
    ],
)
def test_what_is_wrong_is_said(words, says):
    with pytest.raises(WordError) as caught:
        build_network(["client"], 0, None, name_words=words)
    assert says in str(caught.value)


def test_a_host_that_is_there_may_be_a_name_server():
    network = build_network(["client", "web"], 0, None, name_words=NameWords(["web: domain=a.test"]))
    assert list(network.hosts) == ["client", "web"]
    sources = network.hosts["client"].names.sources()
    assert ([inet_ntop(one) for one in sources.servers], sources.settings.search) == (["10.0.0.2"], ("a.test",))
