"""TLS in functions in place: over blocking sockets, by the standard library's clients and servers, by asyncio."""

import asyncio
import contextlib
import errno
import functools
import http.client
import http.server
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from in_place_running import run_on

from certificates import client_context, file, server_context
from farhost import EscapeError, Network
from farhost.trace.hashes import HashSink

FAR = {"delay": "30ms", "loss": "2%"}
HOSTS = ("server", "client")


def serve(context, talk, port=5000):
    """A server of one connection."""
    with socket.create_server(("", port)) as listener:
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True) as one:
            return talk(one)


def connect(context, talk, port=5000, **options):
    """Its client."""
    options.setdefault("server_hostname", "server")
    with socket.create_connection(("server", port)) as plain, context.wrap_socket(plain, **options) as one:
        return talk(one)


def echo(one):
    while data := one.recv(65536):
        one.sendall(data)
    return one.unwrap() is not None


def send_and_receive(one, data=bytes(range(256)) * 2000):
    sender = threading.Thread(target=one.sendall, args=(data,))
    sender.start()
    found = b""
    while len(found) < len(data):
        found += one.recv(10_000)
    sender.join()
    return found == data, one.version(), one.getpeercert()["subject"], one.unwrap() is not None


def over(server, client, link=FAR, seed=1):
    """Run two functions; what each returned, and the run's hashes."""
    network = Network(seed)
    server_host, client_host = (network.host(name) for name in HOSTS)
    network.link(server_host, client_host, **link)
    hashes = HashSink()
    network.tracer.add(hashes)
    programs = server_host.start(server), client_host.start(client)
    network.run("1h")
    return [program.result for program in programs], hashes.result()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_ways_at_once_over_a_bad_link_with_one_shape_each_time(version):
    shapes, contents = set(), set()
    for _ in range(3):
        server_side, client_side = server_context(), client_context()
        server_side.minimum_version = server_side.maximum_version = version
        results, hashes = over(
            functools.partial(serve, server_side, echo), functools.partial(connect, client_side, send_and_receive)
        )
        assert results == [True, (True, version.name.replace("_", "."), ((("commonName", "server"),),), True)]
        shapes.add(hashes.shape)
        contents.add(hashes.content)
    assert len(shapes) == 1
    assert len(contents) == 3


def test_time_limits_are_of_virtual_time():
    def client(one):
        one.settimeout(3600)
        with pytest.raises(TimeoutError, match="The read operation timed out"):
            one.recv(1)
        one.sendall(b"end")
        return one.recv(3)

    def silent(context, seconds=100):
        with socket.create_connection(("server", 5001)) as plain:
            plain.settimeout(seconds)
            with pytest.raises(TimeoutError, match="The handshake operation timed out"):
                context.wrap_socket(plain, server_hostname="server")

    def deaf():
        with socket.create_server(("", 5001)) as listener, listener.accept()[0]:
            threading.Event().wait(7200)

    context = client_context()
    _, answer, *_ = run_on(
        functools.partial(serve, server_context(), lambda one: one.sendall(one.recv(10))),
        functools.partial(connect, context, client),
        deaf,
        functools.partial(silent, context),
        hosts=["server", "client", "server", "client"],
        until="3h",
    )
    assert answer.result == b"end"


def test_sockets_of_the_system_are_secured_as_ever_while_a_network_lives():
    def inside(one):
        one.sendall(b"simulated")
        return one.recv(20)

    def outside():
        ours, theirs = socket.socketpair()
        found = []

        def accept():
            with server_context().wrap_socket(theirs, server_side=True) as one:
                found.append(type(one._sslobj).__module__)
                one.sendall(one.recv(20))

        thread = threading.Thread(target=accept)
        thread.start()
        with client_context().wrap_socket(ours, server_hostname="server") as one:
            one.sendall(b"real")
            found.append(one.recv(20))
        thread.join()
        return found

    network = Network()
    assert outside() == ["_ssl", b"real"]
    server, client = (network.host(name) for name in HOSTS)
    network.link(server, client)
    server.start(functools.partial(serve, server_context(), echo))
    program = client.start(functools.partial(connect, client_context(), inside))
    network.run("1min", check=False)
    assert program.result == b"simulated"
    assert outside() == ["_ssl", b"real"]


def test_a_connection_that_got_out_of_its_process_says_so():
    kept = []

    def keep(one):
        kept.append(one)
        one.sendall(b"x")
        one.recv(1)

    def use():
        while not kept:
            threading.Event().wait(1)
        try:
            kept[0].recv(1)
        except OSError as error:
            return error.errno, str(error)

    def hold(one):
        one.recv(1)
        threading.Event().wait(10)
        one.sendall(b"x")

    *_, third = run_on(
        functools.partial(serve, server_context(), hold),
        functools.partial(connect, client_context(), keep),
        use,
        hosts=["server", "client", "third"],
    )
    number, words = third.result
    assert number == errno.EBADF
    assert re.search(r"read on a socket of farhost's, of .*client, third cannot use it", words), words
    with pytest.raises(OSError, match="of client, whose run is over"):
        kept[0].recv(1)


def test_a_module_that_is_first_imported_inside(tmp_path):
    script = tmp_path / "first.py"
    script.write_text(f"""if True:
        import sys
        sys.path[:0] = {[str(Path(__file__).parents[1]), *sys.path]!r}
        from farhost import Network

        def serve():
            import socket
            import certificates
            with socket.create_server(("", 5000)) as listener:
                with certificates.server_context().wrap_socket(listener.accept()[0], server_side=True) as one:
                    one.sendall(one.recv(10).upper())

        def ask():
            import socket
            import certificates
            with socket.create_connection(("server", 5000)) as plain:
                with certificates.client_context().wrap_socket(plain, server_hostname="server") as one:
                    one.sendall(b"hello")
                    return one.recv(10)

        network = Network()
        server, client = network.host("server"), network.host("client")
        network.link(server, client)
        print("ssl" in sys.modules)
        server.start(serve)
        asked = client.start(ask)
        network.run("1min")
        import ssl
        print(asked.result, type(ssl.__loader__).__module__, ssl.__spec__.loader is ssl.__loader__)
    """)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split("\n")[:2] == ["False", "b'HELLO' _frozen_importlib_external True"], done


# The standard library's own clients and servers.


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(self.path.encode() * 2000)

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers["Content-Length"]))[::-1])

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def serve_pages():
    with http.server.ThreadingHTTPServer(("", 443), Pages) as server:
        server.socket = server_context().wrap_socket(server.socket, server_side=True)
        server.serve_forever()


def ask_for_pages():
    context = client_context()
    with urllib.request.urlopen("https://server/page", context=context) as answer:
        page = answer.read()
    connection = http.client.HTTPSConnection("server", context=context, timeout=60)
    found = [page == b"/page" * 2000]
    for path in ("/one", "/two"):
        connection.request("GET", path)
        found.append(connection.getresponse().read() == path.encode() * 2000)
    connection.request("POST", "/", body=b"abc" * 30_000)
    found.append(connection.getresponse().read() == b"cba" * 30_000)
    connection.close()
    return found


def test_https_by_urllib_and_http_client_over_a_bad_link():
    runs = [over(serve_pages, ask_for_pages) for _ in range(2)]
    assert [results[1] for results, _ in runs] == [[True] * 4] * 2
    assert runs[0][1].shape == runs[1][1].shape


ANSWERS = {
    b"EHLO": b"250-server\r\n250 STARTTLS",
    b"STARTTLS": b"220 go on in secret",
    b"DATA": b"354 go on",
    b"QUIT": b"221 bye",
}


def test_smtp_is_secured_in_the_middle():
    def mail_server():
        heard = []
        with socket.create_server(("", 25)) as listener:
            one, _ = listener.accept()
            one.sendall(b"220 server\r\n")
            lines = one.makefile("rb")
            while line := lines.readline():
                word = line.split()[0].upper()
                heard.append((word, isinstance(one, ssl.SSLSocket)))
                one.sendall(ANSWERS.get(word, b"250 fine") + b"\r\n")
                if word == b"STARTTLS":
                    one = server_context().wrap_socket(one, server_side=True)
                    lines = one.makefile("rb")
                if word == b"DATA":
                    while lines.readline() != b".\r\n":
                        pass
                    one.sendall(b"250 taken\r\n")
                if word == b"QUIT":
                    break
            one.close()
        return heard

    def send_mail():
        with smtplib.SMTP("server", 25, local_hostname="client") as smtp:
            smtp.starttls(context=client_context())
            return smtp.sendmail("a@client", ["b@server"], "Subject: secret\r\n\r\nword\r\n")

    (heard, refused), _ = over(mail_server, send_mail)
    assert refused == {}
    assert [word for word, _ in heard] == [
        *(b"EHLO", b"STARTTLS", b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"),
    ]
    assert [secured for _, secured in heard] == [False] * 2 + [True] * 5


# asyncio.


async def echo_stream(reader, writer):
    while data := await reader.read(1000):
        writer.write(data.upper())
        await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


async def serve_streams(context, **options):
    async with await asyncio.start_server(echo_stream, None, 5000, ssl=context, **options) as server:
        await server.serve_forever()


def test_asyncio_serves_a_blocking_client():
    def ask(one):
        one.sendall(b"secret")
        return one.recv(10)

    (_, answer), _ = over(
        functools.partial(serve_streams, server_context()), functools.partial(connect, client_context(), ask)
    )
    assert answer == b"SECRET"


def test_asyncio_start_tls_on_both_sides():
    async def upgrade(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        await writer.start_tls(server_context())
        await echo_stream(reader, writer)

    async def server():
        async with await asyncio.start_server(upgrade, None, 5000) as listening:
            await listening.serve_forever()

    async def client():
        reader, writer = await asyncio.open_connection("server", 5000)
        writer.write(b"STARTTLS\n")
        plain = await reader.readline()
        await writer.start_tls(client_context(), server_hostname="server")
        writer.write(b"secret")
        answer = await reader.readexactly(6)
        version = writer.get_extra_info("ssl_object").version()
        writer.close()
        return plain, answer, version

    (_, result), _ = over(server, client)
    assert result == (b"STARTTLS\n", b"SECRET", "TLSv1.3")


def test_asyncio_with_server_names_and_client_certificates():
    async def server():
        context, other = server_context(), server_context("other")
        for one in (context, other):
            one.verify_mode = ssl.CERT_REQUIRED
            one.load_verify_locations(file("authority"))
        context.sni_callback = lambda one, name, _: setattr(one, "context", other) if name == "other" else None

        async def tell(reader, writer):
            writer.write(str(writer.get_extra_info("peercert")["subject"]).encode() + b"\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(tell, None, 5000, ssl=context) as listening:
            await listening.serve_forever()

    async def client():
        context, found = client_context(), []
        context.load_cert_chain(file("client"))
        for name in ("server", "other"):
            reader, writer = await asyncio.open_connection("server", 5000, ssl=context, server_hostname=name)
            found.append((await reader.readline(), writer.get_extra_info("peercert")["subject"][0][0][1]))
            writer.close()
        reader, writer = await asyncio.open_connection("server", 5000, ssl=client_context(), server_hostname="server")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b"", "who has no certificate is told nothing"
        writer.close()
        return found

    (_, found), _ = over(server, client)
    told = b"((('commonName', 'client'),),)\n"
    assert found == [(told, "server"), (told, "other")]


def test_asyncio_gives_up_a_handshake_that_takes_too_long():
    async def deaf():
        with socket.create_server(("", 5000)) as listener, listener.accept()[0]:
            await asyncio.sleep(120)

    async def client():
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(ConnectionAbortedError, match="is taking longer than 90"):
            await asyncio.open_connection("server", 5000, ssl=client_context(), ssl_handshake_timeout=90.0)
        return round(loop.time() - began)

    (_, seconds), _ = over(deaf, client)
    assert seconds == 90


def test_pyopenssl_with_a_socket_is_refused():
    openssl = pytest.importorskip("OpenSSL.SSL", reason="pyOpenSSL is not installed")

    def use():
        context = openssl.Context(openssl.TLS_METHOD)
        openssl.Connection(context).set_connect_state()
        with (
            socket.socket() as one,
            pytest.raises(EscapeError, match="Connection with a simulated socket"),
        ):
            openssl.Connection(context, one)

    run_on(use)
    with socket.socket() as one:
        openssl.Connection(openssl.Context(openssl.TLS_METHOD), one)
