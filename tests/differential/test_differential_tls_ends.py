"""TLS that does not wait, that goes wrong, and that ends: the operating system and farhost say the same."""

import pytest
from differ import agree

VERSIONS = pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])


@VERSIONS
def test_without_waiting(tmp_path, version):
    def program():
        import select
        import sys

        from securing import say, unshaken, version_named, words
        from telling import settle

        version = version_named(sys.argv[1])
        ours, theirs = unshaken(version)
        for one in (ours, theirs):
            one.setblocking(False)
        say("reading first", ours.recv, 1)
        say("writing first", ours.send, b"x")
        for turn in range(6):
            for name, one in (("client", ours), ("server", theirs)):
                say(f"{name} {turn}", one.do_handshake)
                settle()
        say("block", ours.do_handshake, True)
        print(ours.version(), theirs.version(), ours.gettimeout())
        say("nothing", theirs.recv, 10)
        data, sent, full = bytes(range(256)) * 400, 0, None
        while full is None:
            try:
                sent += ours.send(data)
            except OSError as error:
                full = error
        print(words(full))
        found = b""
        while len(found) < sent + len(data):
            try:
                found += theirs.recv(1 << 20)
            except OSError as error:
                assert "did not complete" in str(error)
                try:
                    ours.send(data)  # Said to have been sent when it has been, whenever it was taken.
                except OSError as error:
                    assert "did not complete (write)" in str(error)
                settle()
        print(found[: sent + len(data)] == (data * (1 + sent // len(data)))[: sent + len(data)])
        print(select.select([], [ours], [], 0)[1] == [ours])

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_with_more_than_goes(tmp_path, version):
    def program():
        import ssl
        import sys

        from securing import say, secured, version_named
        from telling import settle

        version, data = version_named(sys.argv[1]), bytes(100_000)
        ours, theirs = secured(version)
        for one in (ours, theirs):
            one.setblocking(False)
            try:
                while True:
                    one.send(data)
            except ssl.SSLWantWriteError:
                pass
        settle()
        print(len(ours.recv(100)), len(theirs.recv(100)))  # Though there is something to send, it reads.
        say("less than before", ours.send, b"")
        for call, argument in ((ours.send, data), (ours.recv, 10)):
            say("after it", call, argument)
        ours, theirs = secured(version)
        ours.setblocking(False)
        theirs.setblocking(True)
        say("unwrap", ours.unwrap)
        settle()
        print(theirs.recv(10), theirs.unwrap() is theirs)
        settle()
        print(ours.unwrap() is ours)

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_ends(tmp_path, version):
    def program():
        import socket
        import sys

        from securing import say, secured, version_named
        from telling import settle

        version = version_named(sys.argv[1])
        for ragged in (True, False):
            ours, theirs = secured(version, suppress_ragged_eofs=ragged)
            theirs.send(b"last")
            socket.socket.shutdown(theirs, socket.SHUT_WR)
            settle()
            for _ in range(3):
                say("an end without notice", ours.recv, 10)
            say("unwrap after it", ours.unwrap)
            ours, theirs = secured(version, suppress_ragged_eofs=ragged)
            theirs.send(b"x" * 100)
            settle()
            socket.socket.recv(ours, 50)
            socket.socket.shutdown(theirs, socket.SHUT_WR)
            settle()
            say("in the middle of a record", ours.recv, 10)
            ours, theirs = secured(version, suppress_ragged_eofs=ragged)
            theirs.setblocking(False)
            say("notice", theirs.unwrap)
            settle()
            for _ in range(2):
                say("an end with notice", ours.recv, 10)
            say("into", ours.recv_into, bytearray(4))
            say("still sending", ours.send, b"more")
            say("unwrap", lambda one=ours: one.unwrap() is one)

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_resets_and_what_is_closed(tmp_path, version):
    def program():
        import socket
        import struct
        import sys

        from securing import say, secured, version_named
        from telling import settle

        version = version_named(sys.argv[1])
        ours, theirs = secured(version)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        settle()
        say("reset", ours.recv, 10)
        say("after it", ours.recv, 10)
        ours, theirs = secured(version)
        theirs.close()
        settle()
        say("sending to one that has closed", ours.send, b"x")
        settle()
        say("again", ours.send, b"x")
        ours.close()
        for call in (ours.recv, ours.send, ours.do_handshake, ours.unwrap, ours.getpeercert):
            say(f"{call.__name__} after close", *((call, b"x") if call == ours.send else (call,)))
        ours, theirs = secured(version)
        connection = ours._sslobj
        ours.close()
        del ours
        for call, argument in ((connection.read, 1), (connection.write, b"x")):
            say(call.__name__, call, argument)
        say("without its socket", connection.do_handshake)
        say("shutdown", connection.shutdown)

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_a_connection_is_in_the_clear_again_and_secured_anew(tmp_path, version):
    def program():
        import socket
        import sys

        from securing import client_context, secured, server_context, together, version_named

        version = version_named(sys.argv[1])
        ours, theirs = secured(version)

        def server():
            plain = theirs.unwrap()
            plain.sendall(b"in the clear right behind the notice")
            greeting = plain.recv(5)
            with server_context(version).wrap_socket(plain, server_side=True) as again:
                again.sendall(again.recv(100).upper())
                return greeting, again.version()

        def client():
            print(ours.recv(10))
            plain = ours.unwrap()
            socket.socket.sendall(plain, b"START")
            found = b""
            while len(found) < 36:
                found += plain.recv(7)
            with client_context(version).wrap_socket(plain, server_hostname="server") as again:
                again.sendall(b"secret")
                return found, again.recv(100)

        print(together(server, client))

    agree(tmp_path, one=[program, version])


def test_what_is_no_tls(tmp_path):
    def program():
        import socket

        from securing import say, unshaken

        for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\x17\x03\x03\x00\x05hello", b"\0" * 20):
            ours, theirs = unshaken()
            with socket.socket(fileno=ours.detach()) as raw:
                raw.sendall(data)
                say("handshake", theirs.do_handshake)
                theirs.close()
                raw.settimeout(5)
                answer = []
                try:
                    while piece := raw.recv(100):
                        answer.append(piece)
                except ConnectionResetError:
                    answer.append("reset")
                print(answer)

    agree(tmp_path, program)


def test_handshakes_that_fail(tmp_path):
    def program():
        import ssl

        from securing import NEW, OLD, at_version, client_context, secured, server_context, words

        def show(what, found):
            for name, one in zip(("client", "server"), found):
                print(what, name, words(one) if isinstance(one, Exception) else "connected")

        for version in (OLD, NEW):
            distrustful = at_version(ssl.create_default_context(), version)
            show("unknown authority", secured(version, client=distrustful))
            show("wrong name", secured(version, server_hostname="elsewhere"))
            other = NEW if version is OLD else OLD
            show("other version", secured(server=server_context(version), client=client_context(other)))
        few, fewer = server_context(OLD), client_context(OLD)
        few.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
        fewer.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
        show("no cipher in common", secured(server=few, client=fewer))

    agree(tmp_path, program)
