"""What contexts ask of a connection: names, client certificates, sessions, callbacks; both sides say the same."""

import pytest
from differ import agree

VERSIONS = pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])


@VERSIONS
def test_the_server_name_chooses_the_context(tmp_path, version):
    def program():
        import ssl
        import sys

        from securing import client_context, secured, server_context, version_named, words

        version = version_named(sys.argv[1])
        server, other = server_context(version), server_context(version, "other")
        seen = []

        def choose(sock, name, context):
            seen.append((type(sock).__name__, sock.server_side, name, context is server))
            if name == "other":
                sock.context = other
            if name == "unknown":
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            return None

        server.sni_callback = choose
        for name in ("server", "other", "unknown"):
            ours, theirs = secured(server=server, client=client_context(version), server_hostname=name)
            if isinstance(ours, Exception):
                print(name, words(ours), words(theirs))
            else:
                print(name, ours.getpeercert()["subject"], theirs.context is other, theirs._sslobj.context is other)
        anonymous = client_context(version)
        anonymous.check_hostname = False
        ours, theirs = secured(server=server, client=anonymous, server_hostname=None)
        print(ours.server_hostname, ours.getpeercert()["subject"])
        print(seen)

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_client_certificates(tmp_path, version):
    def program():
        import ssl
        import sys

        from securing import client_context, file, say, secured, server_context, version_named, words

        version = version_named(sys.argv[1])
        server = server_context(version)
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(file("authority"))
        client = client_context(version)
        client.load_cert_chain(file("client"))
        ours, theirs = secured(server=server, client=client)
        print(theirs.getpeercert()["subject"], len(theirs.getpeercert(True)))
        ours.send(b"known")
        print(theirs.recv(10))
        ours, theirs = secured(server=server, client=client_context(version))
        print(words(theirs))
        if isinstance(ours, Exception):
            print(words(ours))  # Of TLS 1.3 a client learns it with its first answer.
        else:
            say("first answer", ours.recv, 10)

    agree(tmp_path, one=[program, version])


def test_authentication_after_the_handshake(tmp_path):
    def program():
        import ssl

        from securing import NEW, client_context, file, say, secured, server_context
        from telling import settle

        server, client = server_context(NEW), client_context(NEW)
        server.post_handshake_auth = client.post_handshake_auth = True
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(file("authority"))
        client.load_cert_chain(file("client"))
        ours, theirs = secured(server=server, client=client)
        print(theirs.getpeercert())
        say("ask", theirs.verify_client_post_handshake)
        say("ask the wrong way", ours.verify_client_post_handshake)
        theirs.send(b"who are you?")
        print(ours.recv(100))
        settle()
        ours.send(b"me")
        print(theirs.recv(100), theirs.getpeercert()["subject"])
        say("unwrapped", lambda: theirs.unwrap() if ours.setblocking(False) else None)

    agree(tmp_path, program)


@VERSIONS
def test_sessions_are_taken_up_again(tmp_path, version):
    def program():
        import sys

        from securing import client_context, say, secured, server_context, version_named

        version = version_named(sys.argv[1])
        server, client = server_context(version), client_context(version)
        ours, theirs = secured(server=server, client=client)
        theirs.send(b"x")
        print(ours.recv(1), ours.session_reused, theirs.session_reused)
        session = ours.session
        print(session.has_ticket, session.timeout, session == ours.session)
        ours, theirs = secured(server=server, client=client, session=session)
        print(ours.session_reused, theirs.session_reused, ours.session is not None)
        say("set it too late", setattr, ours, "session", session)
        say("of another context", lambda: secured(client=client_context(version), session=session)[0])
        stats = server.session_stats()
        print(stats["accept"], stats["accept_good"], stats["hits"])

    agree(tmp_path, one=[program, version])


def test_callbacks_and_the_file_of_secrets(tmp_path):
    def program():
        import os

        from securing import VERSIONS, client_context, say, secured, server_context

        os.mkdir("secrets")
        os.chdir("secrets")
        for version in VERSIONS:
            messages, client = [], client_context(version)
            client.keylog_filename = "keys"
            client._msg_callback = lambda *message, seen=messages: seen.append(message)
            server = server_context(version)
            ours, theirs = secured(server=server, client=client)
            theirs.send(b"x")
            ours.recv(1)
            with open("keys") as keys:
                print(client.keylog_filename, [line.split()[0] for line in keys if line[0] != "#"])
            print(len(messages), {type(message[0]).__name__ for message in messages}, messages[0][0] is ours)
            print([(direction, str(kind), str(sort)) for _, direction, _, kind, sort, _ in messages])
            os.unlink("keys")

            def failing(*message):
                raise ZeroDivisionError

            client._msg_callback = failing
            found = secured(server=server, client=client)
            say("a callback that fails", lambda one=found[0]: one)
        say("no such file", client.load_cert_chain, "nowhere")
        say("nor authority", client.load_verify_locations, "nowhere")

    agree(tmp_path, program)


def test_contexts_and_sockets_that_are_refused(tmp_path):
    def program():
        import socket
        import ssl

        from securing import client_context, say, server_context
        from telling import stream_pair

        client, server = client_context(), server_context()
        ours, theirs = stream_pair()
        say("a name for a server", lambda: server.wrap_socket(theirs, server_side=True, server_hostname="x"))
        say("no name", client.wrap_socket, ours)
        say("datagrams", lambda: client.wrap_socket(socket.socket(type=socket.SOCK_DGRAM), server_hostname="x"))
        say("no socket", client._wrap_socket, "text", False)
        ours.setblocking(False)
        say("a handshake that may not wait", lambda: client.wrap_socket(ours, server_hostname="server"))
        print(theirs.recv(10))
        say("SSLSocket", ssl.SSLSocket)
        fresh = client.wrap_socket(socket.socket(), server_hostname="server")
        for call in (fresh.do_handshake, fresh.unwrap, fresh.getpeercert, fresh.recv):
            say(call.__name__, call)
        print(fresh.cipher(), fresh.version(), fresh.pending(), fresh.session)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = closed.getsockname()
        say("connect", fresh.connect, address)
        print(fresh.connect_ex(address))

    agree(tmp_path, program)


def test_listeners_accept_and_clients_connect_secured(tmp_path):
    def program():
        import socket
        import threading

        from securing import client_context, server_context

        plain = socket.create_server(("127.0.0.1", 0))
        with server_context().wrap_socket(plain, server_side=True) as listener:

            def serve():
                for _ in range(2):
                    one, address = listener.accept()
                    with one:
                        print(one.recv(10), one.server_side, one.version(), address == one.getpeername())
                        one.sendall(b"answer")

            thread = threading.Thread(target=serve)
            thread.start()
            for connect in ("connect", "connect_ex"):
                with client_context().wrap_socket(socket.socket(), server_hostname="server") as ours:
                    print(getattr(ours, connect)(listener.getsockname()))
                    ours.sendall(b"question")
                    print(ours.recv(10), ours.recv(10))
            thread.join()

    agree(tmp_path, program)
