"""No program that farhost runs reaches the operating system's sockets, and a run is the same in any process.

Seen from outside: strace(1) of the whole `farhost run`, for every pair of examples.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BAD_LINK = "delay=40ms loss=20% reorder=10%"


def pair(folder, one_host=False, words="5000", server_name="server"):
    server, client = f"examples/{folder}/server.py {words}", f"examples/{folder}/client.py"
    if one_host:
        return [f"box={server}", f"box={client} {words}"]
    return [server, f"{client} {server_name} {words}"]


PAIRS = {
    "ipv4_stream": pair("ipv4_stream"),
    "ipv4_datagram": pair("ipv4_datagram"),
    "ipv6_stream": pair("ipv6_stream"),
    "ipv6_datagram": pair("ipv6_datagram"),
    "posix_stream": pair("posix_stream", server_name="10.0.0.1"),
    "posix_datagram": pair("posix_datagram", server_name="10.0.0.1"),
    "unix_stream": pair("unix_stream", one_host=True, words="demo.sock"),
    "unix_datagram": pair("unix_datagram", one_host=True, words="demo.sock"),
    "ping": ["server=examples/ipv4_datagram/server.py 5000", "client=examples/ping/ping.py server 5"],
}


def strace_works():
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[:80]}"


def run_words(name):
    return [sys.executable, "-m", "farhost", "run", *PAIRS[name], "--link", BAD_LINK, "--seed", "7"]


def traced(words, folder):
    """Run a command under strace; what came of it, and its calls on sockets, one a line."""
    log = folder / "strace"
    command = ["strace", "-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-o", str(log), *words]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    return result, log.read_text()


@pytest.mark.skipif(bool(strace_works()), reason=strace_works() or "-")
@pytest.mark.parametrize("name", PAIRS)
def test_no_socket_of_the_system_is_opened(name, tmp_path):
    result, calls = traced(run_words(name), tmp_path)
    assert result.returncode == 0, result.stderr
    assert calls == ""


@pytest.mark.parametrize("name", ["ipv4_stream", "ipv6_datagram", "posix_stream", "unix_stream"])
def test_one_seed_is_one_trace_in_processes_with_different_hash_seeds(name):
    traces = []
    for hash_seed in ("1", "random"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [*run_words(name), "--format", "json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        traces.append(json.loads(done.stdout)["trace"])
    assert traces[0] == traces[1]


def other_pythons():
    """Interpreters of the environments that `make PYTHON=...` made beside this one's, one for each version."""
    return sorted(path for path in ROOT.glob(".venv*/bin/python") if path.parent.parent != Path(sys.prefix))


@pytest.mark.skipif(not other_pythons(), reason="no other environment: make one with `make setup PYTHON=python3.13`")
@pytest.mark.parametrize("name", ["posix_stream", "posix_datagram"])
def test_the_posix_examples_have_one_trace_on_every_python(name):
    traces = []
    for python in (Path(sys.executable), *other_pythons()):
        command = [str(python), *run_words(name)[1:], "--format", "json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        traces.append(json.loads(done.stdout)["trace"])
    assert all(trace == traces[0] for trace in traces)


WAYS_TO_WAIT = "tests/ways_to_wait"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The paths of a certificate of the host `server` and of its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    paths = [str(folder / "certificate.pem"), str(folder / "key.pem")]
    words = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-addext", "subjectAltName=DNS:server"]
    command = ["openssl", "req", "-x509", *words, "-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, capture_output=True)
    return paths


@pytest.mark.skipif(bool(strace_works()), reason=strace_works() or "-")
@pytest.mark.parametrize("how", ["scripts", "functions in place"])
def test_threads_loops_and_tls_open_none_either(how, certificate, tmp_path):
    """asyncio with TLS, select, selectors, threads, pools, HTTP, names, pairs and pipes."""
    path, key = certificate
    server, client = f"{WAYS_TO_WAIT}/server.py {path} {key}", f"{WAYS_TO_WAIT}/client.py server {path}"
    commands = {
        "scripts": ["-m", "farhost", "run", server, client, "--link", "delay=40ms loss=5%", "--seed", "7"],
        "functions in place": [f"{WAYS_TO_WAIT}/in_place.py", path, key],
    }
    result, calls = traced([sys.executable, *commands[how]], tmp_path)
    assert result.returncode == 0, result.stderr
    for answer in ("b'BY TLS\\n'", "b'AT 5001\\n' b'AT 5002\\n' b'AT 5003\\n'", "b'/PAGE'", "b'by a pair'"):
        assert answer in result.stdout
    assert calls == ""
