"""TLS in scripts: the shape of a run, and what OpenSSL takes from a simulated process rather than from this one."""

import shutil

import pytest
from running import output_of, run_all, run_one, run_python, write

from certificates import FOLDER, file
from farhost.network.conditions import Conditions
from farhost.network.network import Network
from farhost.programs.run import ProgramSpec
from farhost.trace.hashes import HashSink
from farhost.trace.tracer import Tracer

SERVER = """
    import socketserver
    import ssl
    import sys

    class Echo(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.wfile.write(line.upper())
            self.request.unwrap()

    class Server(socketserver.ThreadingTCPServer):
        def get_request(self):
            plain, address = super().get_request()
            return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    with Server(("", 5000), Echo) as server:
        server.serve_forever()
"""
CLIENT = """
    import select
    import socket
    import ssl
    import sys

    context = ssl.create_default_context(cafile=sys.argv[1])
    session = None
    for turn in range(3):
        plain = socket.create_connection(("server", 5000))
        with context.wrap_socket(plain, server_hostname=sys.argv[2], session=session) as one:
            one.settimeout(60)
            with one.makefile("rw") as lines:
                for number in range(20):
                    print(f"line {number}", "." * 999, file=lines, flush=True)
                    assert lines.readline().startswith(f"LINE {number}")
            session = one.session
            print(one.session_reused, one.version(), one.getpeercert()["subject"])
            one.setblocking(False)
            while True:
                try:
                    one.unwrap()
                    break
                except ssl.SSLWantReadError:
                    select.select([one], [], [])
"""


@pytest.mark.parametrize("name", ["server", "other"], ids=["RSA", "Ed25519"])
def test_a_run_with_tls_has_the_same_shape_each_time(tmp_path, name):
    server, client = write(tmp_path, SERVER, "server.py"), write(tmp_path, CLIENT, "client.py")
    found = []
    for _ in range(3):
        hashes = HashSink()
        network = Network(seed=5, tracer=Tracer(hashes))
        network.host("server")
        network.host("client")
        network.link_all(Conditions.parse("delay=30ms loss=2%"))
        specs = (
            ProgramSpec("server", [str(server), file(name)]),
            ProgramSpec("client", [str(client), file("authority"), name]),
        )
        outcome = run_all(*specs, network=network)
        assert outcome.ok, outcome
        found.append((outcome.processes[1].stdout, hashes.result()))
    subject = f"((('commonName', '{name}'),),)"
    assert found[0][0].splitlines() == [f"{reused} TLSv1.3 {subject}" for reused in (False, True, True)]
    assert len({hashes.shape for _, hashes in found}) == 1
    assert len({hashes.content for _, hashes in found}) == 3, "OpenSSL draws its own random numbers"


def test_paths_start_at_the_programs_working_directory(tmp_path):
    source = """
        import os
        import pathlib
        import shutil
        import ssl
        import sys

        os.mkdir("folder")
        os.chdir("folder")
        for name in ("server", "authority"):
            shutil.copy(f"{sys.argv[1]}/{name}.pem", ".")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("server.pem")
        context.load_cert_chain(b"server.pem", pathlib.Path("../folder/server.pem"))
        context.load_verify_locations("authority.pem")
        context.load_verify_locations(capath=b".")
        print(context.cert_store_stats(), context.keylog_filename)
        context.keylog_filename = pathlib.Path("keys")
        print(repr(context.keylog_filename), os.listdir() == os.listdir(os.getcwd()), os.path.exists("keys"))
        context.keylog_filename = None
        print(context.keylog_filename)
        for call in (context.load_cert_chain, context.load_verify_locations, context.load_dh_params):
            for path in ("nowhere.pem", "", 7):
                try:
                    call(path)
                except Exception as error:
                    print(call.__name__, type(error).__name__, error)
    """
    theirs = run_python(tmp_path, source, str(FOLDER))
    shutil.rmtree(tmp_path / "folder")
    assert output_of(tmp_path, source, str(FOLDER)) == theirs.stdout
    assert theirs.stdout, theirs


def test_authorities_are_where_the_programs_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", file("server"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    source = """
        import os
        import ssl
        import sys

        os.environ["SSL_CERT_DIR"] = "/nowhere"
        for name in ("nothing", "authority"):
            os.environ["SSL_CERT_FILE"] = f"{sys.argv[1]}/{name}.pem"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_default_certs()
            print(context.cert_store_stats())
            print(ssl.get_default_verify_paths().cafile == f"{sys.argv[1]}/{name}.pem")
    """
    found = output_of(tmp_path, source, str(FOLDER)).splitlines()
    assert found == [
        *("{'x509': 0, 'crl': 0, 'x509_ca': 0}", "False"),
        *("{'x509': 1, 'crl': 0, 'x509_ca': 1}", "True"),
    ]


def test_the_program_hears_what_is_deprecated(tmp_path):
    source = """
        import ssl
        import warnings

        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            ssl.SSLContext()
            ssl.SSLContext(ssl.PROTOCOL_TLSv1_2)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.options |= ssl.OP_NO_TLSv1
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        for one in heard:
            print(one.category.__name__, one.message, one.lineno, one.filename == __file__)
    """
    theirs = run_python(tmp_path, source)
    assert len(theirs.stdout.splitlines()) == 6, theirs
    assert output_of(tmp_path, source) == theirs.stdout


def test_random_bytes_come_from_the_seed(tmp_path):
    source = """
        import ssl

        print(ssl.RAND_bytes(8).hex(), ssl.RAND_bytes(0), ssl.RAND_status())
        for wrong in (-1, "x", None):
            try:
                ssl.RAND_bytes(wrong)
            except Exception as error:
                print(type(error).__name__, error)
    """
    one, again, other = (output_of(tmp_path, source, seed=seed).splitlines() for seed in (1, 1, 2))
    theirs = run_python(tmp_path, source).stdout.splitlines()
    assert one == again
    assert one[0] != other[0]
    assert one[1:] == theirs[1:]


def test_two_threads_use_one_connection(tmp_path):
    source = """
        import socket
        import ssl
        import sys
        import threading

        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=sys.argv[2])
        server.load_cert_chain(sys.argv[1])
        ours, theirs = socket.socketpair()
        found = []
        thread = threading.Thread(target=lambda: found.append(server.wrap_socket(theirs, server_side=True)))
        thread.start()
        ours = client.wrap_socket(ours, server_hostname="server")
        thread.join()
        theirs = found[0]
        messages = [bytes([65 + number]) * 70_000 for number in range(4)]
        senders = [threading.Thread(target=ours.sendall, args=(message,)) for message in messages]
        for sender in senders:
            sender.start()
        received = b""
        while len(received) < 280_000:
            received += theirs.recv(100_000)
        for sender in senders:
            sender.join()
        print({received.count(bytes([65 + number])) for number in range(4)}, ours.pending(), theirs.pending())
    """
    assert output_of(tmp_path, source, file("server"), file("authority")) == "{70000} 0 0\n"


PYOPENSSL = """
    import socket

    import OpenSSL.SSL as openssl

    context = openssl.Context(openssl.TLS_METHOD)
    openssl.Connection(context).set_connect_state()
    with socket.socket() as one:
        openssl.Connection(context, one)
"""
REFUSED = "OpenSSL.SSL.Connection with a simulated socket would leave the simulation: use ssl"


def test_pyopenssl_with_a_socket_is_refused(tmp_path):
    pytest.importorskip("OpenSSL.SSL", reason="pyOpenSSL is not installed")
    process = run_one(tmp_path, PYOPENSSL)
    assert process.status == 1
    assert f"script.py:9 in <module>: {REFUSED}" in process.stderr
