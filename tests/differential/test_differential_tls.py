"""TLS over sockets (`SSLContext.wrap_socket`): the operating system and farhost say the same."""

import pytest
from differ import agree

VERSIONS = pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])


def test_what_a_connection_knows_of_itself(tmp_path):
    def program():
        import ssl

        from securing import VERSIONS, client_context, secured, server_context

        for version in VERSIONS:
            server, client = server_context(version), client_context(version)
            server.set_alpn_protocols(["h2", "http/1.1"])
            client.set_alpn_protocols(["http/1.1"])
            ours, theirs = secured(version, server, client)
            for one in (ours, theirs):
                print(type(one), type(one._sslobj).__name__, one.version(), one.cipher(), one.compression())
                print(one.server_side, one.server_hostname, one.selected_alpn_protocol(), one.session_reused)
                print(one.context in (server, client), one.pending(), len(one.shared_ciphers() or []))
                print(one._sslobj.owner is one, one._sslobj.server_side, one._sslobj.server_hostname)
                print(one._sslobj.context is one.context)
            print(ours.getpeercert(), len(ours.getpeercert(True)), theirs.getpeercert())
            print([ours.get_channel_binding() == theirs.get_channel_binding(), ours.get_channel_binding() is None])
            print(isinstance(ours.session, ssl.SSLSession), ours.getpeername() == theirs.getsockname())
            print(isinstance(ours, ssl.SSLSocket), ours.family.name, ours.type.name, ours.gettimeout())
            for one in (ours, theirs):
                one.close()
                print(one, one.fileno(), one.version(), one.cipher())

    agree(tmp_path, program)


@VERSIONS
def test_reading_and_writing(tmp_path, version):
    def program():
        import array
        import io
        import sys

        from securing import say, secured, version_named

        ours, theirs = secured(version_named(sys.argv[1]))
        for data in (b"bytes", bytearray(b"bytearray"), memoryview(b"a view"), array.array("i", [1, 2]), b""):
            say("send", ours.send, data)
        say("a string", ours.send, "text")
        say("strides", ours.send, memoryview(b"abcdef")[::2])
        say("flags", ours.send, b"x", 1)
        say("a little", theirs.recv, 3)
        say("pending", theirs.pending)
        say("no more than there is of a record", theirs.recv, 100)
        say("next", theirs.recv, 100)
        say("none", theirs.recv, 0)
        say("negative", theirs.read, -1)
        room = bytearray(10)
        say("into", theirs.recv_into, room)
        say("into a part", theirs.recv_into, room, 3)
        say("into nothing", theirs.recv_into, bytearray())
        say("read into", theirs.read, 2, room)
        say("read into the middle", theirs.read, -1, memoryview(room)[5:])
        say("into bytes", theirs.recv_into, bytes(4))
        print(room, theirs.pending())
        for call in (theirs.recvfrom, theirs.recvfrom_into, theirs.recvmsg, theirs.recvmsg_into):
            say(call.__name__, call, 10)
        say("sendto", theirs.sendto, b"x", ("127.0.0.1", 1))
        say("dup", theirs.dup)
        with ours.makefile("rw", newline="\n") as lines, theirs.makefile("rwb") as raw:
            lines.write("one\ntwo\n")
            lines.flush()
            print(raw.readline(), raw.readline())
            raw.write(b"three\n")
            raw.flush()
            print(lines.readline())
        file = io.BytesIO(bytes(range(256)) * 100)
        say("sendfile", ours.sendfile, file, 56)
        found = b""
        while len(found) < 25_544:
            found += theirs.recv(4096)
        print(found == file.getvalue()[56:])

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_much_both_ways_at_once(tmp_path, version):
    def program():
        import hashlib
        import socket
        import sys

        from securing import secured, together, version_named

        ours, theirs = secured(version_named(sys.argv[1]))
        data = bytes(range(251)) * 8000

        def receive(one, size):
            found = b""
            while len(found) < len(data):
                found += one.recv(size)
            return hashlib.sha256(found).hexdigest() == hashlib.sha256(data).hexdigest()

        def send(one):
            one.sendall(data)
            return "sent"

        print(
            together(
                lambda: send(ours),
                lambda: send(theirs),
                lambda: receive(ours, 1000),
                lambda: receive(theirs, 100_000),
            )
        )
        ours.settimeout(20)
        theirs.settimeout(20)
        print(together(lambda: send(ours), lambda: receive(theirs, 1 << 20)))
        print(together(ours.unwrap, theirs.unwrap) == [ours, theirs])
        ours.shutdown(socket.SHUT_WR)
        print(theirs.recv(10))

    agree(tmp_path, one=[program, version])


@VERSIONS
def test_readiness_is_that_of_records(tmp_path, version):
    def program():
        import select
        import sys

        from securing import secured, version_named
        from telling import settle

        ours, theirs = secured(version_named(sys.argv[1]))

        def readable(one):
            return bool(select.select([one], [], [], 0)[0])

        ours.send(b"first")
        ours.send(b"second")
        settle()
        print(readable(theirs), theirs.pending())
        print(theirs.recv(2), readable(theirs), theirs.pending())
        print(theirs.recv(10), readable(theirs), theirs.pending())
        print(theirs.recv(3), readable(theirs), theirs.pending())
        print(theirs.recv(10), readable(theirs), theirs.pending())
        ours.sendall(bytes(40_000))
        settle()
        for _ in range(3):
            print(len(theirs.recv(1 << 20)), readable(theirs), theirs.pending())

    agree(tmp_path, one=[program, version])


def test_time_limits(tmp_path):
    def program():
        from securing import VERSIONS, drain, say, secured, together, unshaken, words

        ours, theirs = unshaken()
        ours.settimeout(0.05)
        say("handshake in vain", ours.do_handshake)
        say("reading before", ours.recv, 10)
        theirs.settimeout(5)
        ours.settimeout(5)
        print(together(ours.do_handshake, theirs.do_handshake))
        for version in VERSIONS:
            ours, theirs = secured(version)
            ours.settimeout(0.05)
            theirs.settimeout(5)
            say("nothing in time", ours.recv, 10)
            say("unwrap in vain", ours.unwrap)
            print(theirs.recv(10))
            ours, theirs = secured(version)
            ours.settimeout(0.2)
            data, sent = bytes(1_000_000), 0
            try:
                while True:
                    sent += ours.send(data)
            except TimeoutError as error:
                print("full", words(error))
            ours.settimeout(20)

            def finish(one=ours, piece=data):
                # The record that was under way is the beginning of the repeated call's.
                count = one.send(piece)
                one.unwrap().close()
                return count

            count, found = together(finish, lambda one=theirs: (drain(one), one.unwrap())[0])
            print(count, len(found) == sent + count)

    agree(tmp_path, program)
