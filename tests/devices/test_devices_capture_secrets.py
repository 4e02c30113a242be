"""What programs' TLS agrees on is in captures, so that tshark decrypts them; programs and hashes notice nothing."""

import http.server
import shutil
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import run_all, write

import farhost
from certificates import client_context, file, server_context
from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.network.network import Network
from farhost.programs.isolated.process import IsolatedSpec
from farhost.programs.run import ProgramSpec
from farhost.trace.events import TlsSecret
from farhost.trace.hashes import HashSink, TraceHash
from farhost.trace.sinks import ListSink
from farhost.trace.tracer import Tracer

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
SERVER = """
    import http.server
    import ssl
    import sys

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"answer")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    if len(sys.argv) > 2:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with http.server.HTTPServer(("", 443), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_request()
    print(context.keylog_filename)
"""
BLOCKING = """
    import ssl
    import sys
    import urllib.request

    context = ssl.create_default_context(cafile=sys.argv[1])
    with urllib.request.urlopen("https://server/question", context=context) as answer:
        print(answer.read())
    print(context.keylog_filename)
"""
ASYNCIO = """
    import asyncio
    import ssl
    import sys

    async def ask():
        context = ssl.create_default_context(cafile=sys.argv[1])
        reader, writer = await asyncio.open_connection("server", 443, ssl=context)
        writer.write(b"GET /question HTTP/1.0\\r\\n\\r\\n")
        print((await reader.read()).split(b"\\r\\n")[-1])
        print(context.keylog_filename)

    asyncio.run(ask())
"""


def run_scripts(
    folder: Path,
    client: str,
    *old: str,
    kind: Callable[..., Any] = ProgramSpec,
    at: list[str] | None = None,
    sampled: bool = True,
) -> tuple[bytes, TraceHash, list[TlsSecret]]:
    """A capture of a run at some hosts, its hash, its secrets; `old`: an argument of the server for TLS 1.2."""
    hashes, kept = HashSink(), ListSink()
    network = Network(seed=1, tracer=Tracer(hashes))
    for name in ("server", "client"):
        network.host(name)
    network.link_all("delay=10ms")
    path = folder / "run.pcapng"
    with path.open("wb") as output:
        sink = CaptureSink(output, interfaces_of(network, at or network.hosts), names_of(network), hosts=at)
        network.tracer.add(sink, samples=sampled)
        network.tracer.add(kept, samples=sampled)
        specs = (
            kind("server", [str(write(folder, SERVER, "server.py")), file("server"), *old]),
            kind("client", [str(write(folder, client, "client.py")), file("authority")]),
        )
        outcome = run_all(*specs, network=network)
        sink.close()
    assert outcome.ok, outcome
    assert [process.stdout.splitlines()[-1] for process in outcome.processes] == ["None", "None"]
    assert outcome.processes[1].stdout.startswith("b'answer'")
    return path.read_bytes(), hashes.result(), [event for event in kept.events if type(event) is TlsSecret]


def decrypted(folder: Path, data: bytes) -> list[str]:
    """Which requests tshark sees, without a word about keys."""
    path = folder / "read.pcapng"
    path.write_bytes(data)
    command = ["tshark", "-r", str(path), "-Y", "http.request", "-T", "fields", "-e", "http.request.uri"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@needs_tshark
@pytest.mark.parametrize("client", [BLOCKING, ASYNCIO], ids=["blocking", "asyncio"])
@pytest.mark.parametrize("old", [(), ("1.2",)], ids=["TLS1.3", "TLS1.2"])
@pytest.mark.parametrize("kind", [ProgramSpec, IsolatedSpec], ids=["world", "isolated"])
def test_tshark_sees_what_scripts_said(tmp_path, client, old, kind):
    data, _, _ = run_scripts(tmp_path, client, *old, kind=kind, at=["client"])
    assert decrypted(tmp_path, data) == ["/question"]


@needs_tshark
def test_without_the_secrets_it_would_not(tmp_path):
    data, _, secrets = run_scripts(tmp_path, BLOCKING, at=["client"], sampled=False)
    assert decrypted(tmp_path, data) == [] and secrets == []


@needs_tshark
def test_each_end_tells_and_at_both_the_packets_are_read(tmp_path):
    data, _, secrets = run_scripts(tmp_path, BLOCKING)
    assert {event.host for event in secrets} == {event.process for event in secrets} == {"server", "client"}
    lines = {host: {event.line for event in secrets if event.host == host} for host in ("server", "client")}
    assert lines["server"] == lines["client"] and len(lines["client"]) >= 5
    assert decrypted(tmp_path, data).count("/question") >= 1


@pytest.mark.parametrize("kind", [ProgramSpec, IsolatedSpec], ids=["world", "isolated"])
def test_a_run_that_is_watched_has_the_shape_of_one_that_is_not(tmp_path, kind):
    watched = run_scripts(tmp_path, ASYNCIO, kind=kind)[1]
    alone = run_scripts(tmp_path, ASYNCIO, kind=kind, sampled=False)[1]
    assert (watched.shape, watched.events) == (alone.shape, alone.events)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"answer")

    def log_message(self, format, *arguments):
        pass


def serve():
    with http.server.HTTPServer(("", 443), Handler) as server:
        server.socket = server_context().wrap_socket(server.socket, server_side=True)
        server.handle_request()


def ask(context):
    with urllib.request.urlopen("https://server/question", context=context) as answer:
        return answer.read(), context.keylog_filename


def run_functions(tmp_path, context):
    path = tmp_path / "run.pcapng"
    network = farhost.Network(1)
    server, client = network.host("server"), network.host("client")
    with path.open("wb") as output:
        sink = CaptureSink(output, hosts=["client"])
        network.tracer.add(sink, samples=True)
        server.start(serve)
        program = client.start(ask, context)
        network.run("60s")
        sink.close()
    return path.read_bytes(), program.result


@needs_tshark
def test_tshark_sees_what_functions_said(tmp_path):
    data, result = run_functions(tmp_path, client_context())
    assert result == (b"answer", None)
    assert decrypted(tmp_path, data) == ["/question"]


@needs_tshark
def test_a_programs_own_key_log_is_as_ever_and_read_too(tmp_path):
    log = tmp_path / "keys"
    log.write_text("# here already\nCLIENT_RANDOM 00 11\n")
    context = client_context()
    context.keylog_filename = str(log)
    data, result = run_functions(tmp_path, context)
    assert result == (b"answer", str(log))
    assert decrypted(tmp_path, data) == ["/question"]
    own = log.read_text().splitlines()
    assert own[:2] == ["# here already", "CLIENT_RANDOM 00 11"] and len(own) >= 7
    assert b"CLIENT_RANDOM 00 11" not in data, "it was there before the run"


def test_a_context_that_a_run_has_listened_to_takes_a_file_later_and_none_again(tmp_path):
    context = client_context()
    run_functions(tmp_path, context)
    assert context.keylog_filename is None
    log = tmp_path / "keys"
    context.keylog_filename = log
    assert context.keylog_filename == log
    data, result = run_functions(tmp_path, context)
    assert result == (b"answer", log) and b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" in data
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in log.read_text()
    context.keylog_filename = None
    size = log.stat().st_size
    data, result = run_functions(tmp_path, context)
    assert result == (b"answer", None) and b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" in data
    assert log.stat().st_size == size


def test_where_nothing_runs_contexts_are_left_alone():
    context = client_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    thread = threading.Thread(target=context.wrap_bio, args=(incoming, outgoing))
    thread.start()
    thread.join()
    assert ssl._ssl._SSLContext.keylog_filename.__get__(context) is None
    assert type(context.wrap_bio(incoming, outgoing)._sslobj).__module__ == "_ssl"
