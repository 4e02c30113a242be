"""Libraries that services are built with, unmodified: client and server on two hosts, over 30 ms and 2 % loss.

Each scenario is two scripts in `libraries/NAME/`, run twice by `farhost run`: they say what they say on any network,
and the two runs have the same trace (with TLS or SSH its shape: OpenSSL draws its own bytes). The second is watched
by strace(1), where that works: no program opens a socket of the operating system. Certificates are RSA and keys
Ed25519, since the length of an ECDSA signature is chance.
"""

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

LIBRARIES = Path(__file__).parent / "libraries"
LINK = "delay=30ms loss=2%"
STRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=network", "-e", "signal=none")
ASKS_NSCD = re.compile(
    r"\d+ +socket\(AF_UNIX, SOCK_STREAM\|SOCK_CLOEXEC\|SOCK_NONBLOCK, 0\) += \d+\n"
    r'\d+ +connect\(\d+, \{sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"\}.*\n'
)
"""What the C library does for `pwd`, whose users are the machine's (docs/escapes.md, what remains)."""
SECRET = "what they say is encrypted, with bytes that OpenSSL draws"


class Scenario(NamedTuple):
    """Two scripts, and what has to be installed for them."""

    name: str
    needs: str
    server: str
    """Its arguments; KEYS is the folder of certificates and keys."""
    client: str
    says: str
    """The client's output."""
    only_shape: str = ""
    """Why only the shape of the trace is the same again, if so."""
    seed: int = 3
    """One with which packets are lost."""


SCENARIOS = [
    Scenario(
        "http_requests",
        "requests",
        "8000",
        "server 8000",
        "200 hello from afar text/plain\n50 64\nlong: 131072 True\nmissing: 404\n"
        f"together: {['hello from afar'] * 4}\nrefused: True\n",
    ),
    Scenario(
        "https_requests",
        "requests",
        "8443 KEYS",
        "server 8443 KEYS",
        "[7, 700, 70000]\n['secret ', 'secret ', 'secret ']\nnot verified: True\n200 b'secret '\n",
        only_shape=SECRET,
    ),
    Scenario(
        "aiohttp_httpx",
        "aiohttp httpx",
        "8000 KEYS",
        "server 8000 KEYS",
        "['0', '1', '2', '3', '4'] True\n100000 bytes\n['tick 0', 'tick 1', 'tick 2', 'tick 3', 'tick 4']\n"
        "HTTP/1.1 TLSv1.3\n200 {'name': 'me', 'agent': False}\n",
        only_shape=SECRET,
    ),
    Scenario(
        "uvicorn_fastapi",
        "uvicorn fastapi httpx trio",
        "8000 KEYS",
        "server 8000 KEYS",
        "201 {'name': 'lamp', 'price': 3.5, 'colour': 'blue', 'made': '2030-01-02T12:00:00', 'where': '/', "
        "'key': '12345678-1234-5678-1234-567812345678', 'number': 0}\n"
        "201 {'name': 'chair', 'price': 20.0, 'colour': 'red', 'made': '2030-01-02T12:00:00', 'where': '/a/b', "
        "'key': None, 'number': 1}\n"
        "422 [['body', 'name'], ['body', 'price'], ['body', 'colour'], ['body', 'made']]\n"
        "1\n['/items', '/items/{number}']\n[(200, 'lamp'), (200, 'chair'), (404, None)]\n",
        only_shape=SECRET,
    ),
    Scenario(
        "websockets_both",
        "websockets",
        "8000 KEYS",
        "server 8000 KEYS",
        "olleh\ndlr\u00f6w\nb'setyb'\n70000\na round trip took its time: True\nsdaerht\n50000\nclosed: 1000\n",
        only_shape=SECRET,
        seed=4,
    ),
    Scenario(
        "redis_both",
        "redis",
        "6379",
        "server 6379",
        "True True far None\n['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']\ncount: 15\n"
        "error: unknown command 'NONSENSE'\ntold: 1\nb'news' b'it rains'\n[0, 1, 2, 3, 4, 5, 6, 7]\n",
    ),
    Scenario(
        "mqtt",
        "paho amqtt",
        "1883",
        "server 1883",
        "subscribed\nroom/0 quality 0\nroom/1 quality 1\nroom/2 quality 2\n20009\n",
        seed=7,
    ),
    Scenario(
        "ssh",
        "asyncssh paramiko",
        "22 KEYS",
        "server 22 KEYS",
        "'you said greet\\nONE\\nTWO\\n' 3\n20000 ['.', '..', 'note.txt']\n'you said paramiko\\nTHREE\\n' 3\n",
        only_shape=SECRET,
    ),
    Scenario(
        "trio_tls",
        "trio",
        "5000 KEYS",
        "server 5000 KEYS",
        "[(0, True), (1, True), (2, True), (3, True)]\ntimed out: True 0.5\n",
        only_shape=SECRET,
        seed=7,
    ),
    Scenario(
        "anyio_both",
        "anyio trio",
        "5000 trio",
        "server 5000 asyncio",
        "[10, 1000, 30000, 100000]\ntimed out\nin a thread: 131010\n",
    ),
    Scenario(
        "twisted_tls",
        "twisted OpenSSL service_identity",
        "5000 KEYS",
        "server 5000 KEYS",
        "5 b'HELLO'\n10000 b'XXXXXXXXXXX'\n11 b'it is later'\nsecured: True\ntimed out\n",
        only_shape=SECRET,
    ),
    Scenario(
        "tornado_web",
        "tornado",
        "8000",
        "server 8000",
        '[\'{"name": "n0", "query": "0"}\', \'{"name": "n1", "query": "1"}\', \'{"name": "n2", "query": "2"}\', '
        '\'{"name": "n3", "query": "3"}\']\nbig: 80000\n404\n6 reward\n5000 wwwwww\n',
    ),
    Scenario(
        "remote_objects",
        "rpyc Pyro5",
        "5000",
        "server 5000",
        "total: 6\ntold: [1, 4, 9]\nlater: 190\nraised: 'far away'\nstored: 1 2\nagain: 124750\nraised: 'nothing'\n",
        only_shape="rpyc writes addresses of objects (id) into its messages",
    ),
    Scenario(
        "dns_messages",
        "dns trio",
        "53",
        "server 53",
        "['192.0.2.1']\n40\nThe DNS query name does not exist: none.test.\nover TCP: True 40\nasyncio: 10\n"
        "trio: one.test. 60 IN A 192.0.2.1\n",
    ),
    Scenario(
        "wsgi_servers",
        "waitress cheroot urllib3",
        "8000",
        "server 8000",
        "200 b'GET /page 0\\n' 20000 waitress\n200 b'GET /page 0\\n' 20000 Cheroot\n"
        "[0, 1000, 2000, 3000, 4000, 5000, 6000, 7000]\n",
    ),
    Scenario(
        "hand_made_loop",
        "",
        "5000",
        "server 5000",
        "".join(f"conversation {number} True\n" for number in range(1, 6)),
    ),
    Scenario(
        "loops_in_threads",
        "trio",
        "5000",
        "server 5000",
        "".join(f"listener{n % 2}: client{n} {word} by worker\n" for n in range(3) for word in ("one", "two"))
        + "listener1: client3 three by worker\n",
        seed=7,
    ),
]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of RSA certificates for the host `server`, and of Ed25519 keys of SSH."""
    for needed in ("trustme", "asyncssh"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (pip install 'farhost[scenarios]')")
    import asyncssh
    import trustme

    folder: Path = tmp_path_factory.mktemp("keys")
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate = authority.issue_cert("server", key_type=trustme.KeyType.RSA)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    for name in ("host_key", "user_key"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        key.write_public_key(folder / f"{name}.pub")
    (folder / "known_hosts").write_text("* " + (folder / "host_key.pub").read_text())
    return folder


def run(scenario: Scenario, keys: str, folder: Path, watched: Sequence[str] = ()) -> dict:
    """What `farhost run --format json` says of one run; `folder`: where its scratch directory is, which has another
    name where other runs are under way."""
    programs = [
        f"{host}={scenario.name}/{host}.py {arguments.replace('KEYS', keys)}"
        for host, arguments in (("server", scenario.server), ("client", scenario.client))
    ]
    options = ["--link", LINK, "--seed", str(scenario.seed), "--format", "json"]
    command = [*watched, sys.executable, "-m", "farhost", "run", *programs, *options]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(folder)}
    ended = subprocess.run(command, cwd=LIBRARIES, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode in (0, 1), ended.stderr
    found: dict = json.loads(ended.stdout)
    return found


@functools.cache
def strace_works() -> bool:
    """Whether the second run of each scenario is watched for calls on the operating system's sockets."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*STRACE, "-o", os.devnull, "true"], capture_output=True).returncode == 0


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_a_library_works_far_away_and_the_same_way_again(
    scenario: Scenario, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for needed in scenario.needs.split():
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed (pip install 'farhost[scenarios]')")
    keys = str(request.getfixturevalue("keys")) if "KEYS" in scenario.server else ""
    first = run(scenario, keys, tmp_path)
    server, client = first["processes"]
    assert (client["stderr"], server["stderr"]) == ("", "")
    assert sorted(client["stdout"].splitlines()) == sorted(scenario.says.splitlines())
    assert first["verdict"] == "passed", first["message"]
    assert client["status"] == 0 and first["refused"] == []
    assert first["packets"]["dropped"].get("loss"), "choose a seed with which packets are lost"
    log = tmp_path / "strace"
    second = run(scenario, keys, tmp_path, [*STRACE, "-o", str(log)] if strace_works() else [])
    if log.exists():
        assert ASKS_NSCD.sub("", log.read_text()) == "", "sockets of the operating system"
    kept = ("shape",) if scenario.only_shape else ("shape", "content")
    assert [second["trace"][hash] for hash in kept] == [first["trace"][hash] for hash in kept]
    outputs = [
        [process[stream] for process in run["processes"] for stream in ("stdout", "stderr")]
        for run in (first, second)
    ]
    assert outputs[0] == outputs[1]
