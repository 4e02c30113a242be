"""TLS over blocking sockets in attached programs, which have real threads."""

import textwrap
from pathlib import Path

import pytest
from beside import both
from terminals import LIMIT_S, finish

CERTIFICATES = Path(__file__).parents[2] / "certificates"


def test_a_connection_with_its_threads_is_as_on_the_operating_system(terminals):
    both(
        terminals,
        """
        import socket
        import sys
        import threading

        listener = socket.create_server(("127.0.0.1", 0))
        print("ssl" in sys.modules)
        import ssl

        print(type(ssl.__loader__), ssl.__spec__.loader is ssl.__loader__)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(f"{sys.argv[1]}/server.pem")
        client = ssl.create_default_context(cafile=f"{sys.argv[1]}/authority.pem")
        data = bytes(range(256)) * 4000

        def serve():
            with server.wrap_socket(listener.accept()[0], server_side=True) as one:
                sender = threading.Thread(target=one.sendall, args=(data,))
                sender.start()
                received = b""
                while len(received) < len(data):
                    received += one.recv(50_000)
                sender.join()
                print("server", received == data, one.recv(10), one.unwrap() is one)

        serving = threading.Thread(target=serve)
        serving.start()
        with client.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="server") as one:
            one.settimeout(20)
            sender = threading.Thread(target=one.sendall, args=(data,))
            sender.start()
            received = b""
            while len(received) < len(data):
                received += one.recv(50_000)
            sender.join()
            print("client", received == data, one.version(), one.getpeercert()["subject"])
            one.settimeout(0.05)
            try:
                one.recv(1)
            except TimeoutError as error:
                print(error)
            one.setblocking(False)
            try:
                one.recv(1)
            except ssl.SSLWantReadError as error:
                print(error.args[0])
            one.settimeout(20)
            again = one.unwrap()
            serving.join()
            print(again is one)
        """,
        str(CERTIFICATES),
    )


def test_https_between_two_hosts(terminals):
    server = terminals.folder / "pages.py"
    server.write_text(
        textwrap.dedent("""
            import http.server
            import ssl
            import sys

            class Pages(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(self.path.encode() * 10_000)

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1])
            with http.server.HTTPServer(("", 443), Pages) as server:
                server.socket = context.wrap_socket(server.socket, server_side=True)
                server.handle_request()
        """)
    )
    asking = (
        "import ssl, sys, urllib.request as r;"
        "print(len(r.urlopen('https://server/page', context=ssl.create_default_context(cafile=sys.argv[1])).read()))"
    )
    terminals.up("--host", "server: user=root", "--host", "client", "--link", "delay=5ms loss=2%")
    serving = terminals.python("server", str(server), str(CERTIFICATES / "server.pem"))
    terminals.wait_listening(443)
    assert finish(terminals.python("client", "-c", asking, str(CERTIFICATES / "authority.pem"))) == "50000\n"
    finish(serving)


def test_pyopenssl_with_a_socket_is_refused(terminals):
    pytest.importorskip("OpenSSL.SSL", reason="pyOpenSSL is not installed")
    source = "import socket, OpenSSL.SSL as s; s.Connection(s.Context(s.TLS_METHOD), socket.socket())"
    terminals.up("--host", "box")
    process = terminals.python("box", "-c", source)
    _, err = process.communicate(timeout=LIMIT_S)
    assert "Connection with a simulated socket would leave the simulation: use ssl" in err
