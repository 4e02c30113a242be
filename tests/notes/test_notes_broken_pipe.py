"""The notes' last part: writing when the other end has closed."""

import pytest


def default_action_program() -> None:
    import signal
    import socket

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    left, right = socket.socketpair()
    right.close()
    print("about to write", flush=True)
    left.send(b"x")
    print("never printed")


def test_sigpipe_kills_by_default_with_status_minus_13(machine):
    result = machine.run(default_action_program, status=-13)
    assert result.out == "about to write\n"


def ignored_program() -> None:
    import os
    import signal
    import socket

    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN, "Python starts with it ignored"
    left, right = socket.socketpair()
    right.close()
    reader, writer = os.pipe()
    os.close(reader)
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    _server, _ = listener.accept()
    client.shutdown(socket.SHUT_WR)
    for write in (lambda: left.send(b"x"), lambda: os.write(writer, b"x"), lambda: client.send(b"x")):
        try:
            write()
        except BrokenPipeError as error:
            print(error.errno, error.strerror)


def test_when_ignored_the_write_just_fails_with_epipe(machine):
    assert machine.run(ignored_program).out == "32 Broken pipe\n" * 3


def handler_program() -> None:
    import signal
    import socket

    caught = []
    signal.signal(signal.SIGPIPE, lambda number, frame: caught.append(number))
    left, right = socket.socketpair()
    right.close()
    try:
        left.send(b"x")
    except BrokenPipeError:
        print(caught)
    try:
        left.send(b"x", socket.MSG_NOSIGNAL)
    except BrokenPipeError:
        print(caught)


def test_a_handler_is_called_and_msg_nosignal_sends_none(machine):
    assert machine.run(handler_program).out == "[13]\n[13]\n"


def closing_server() -> None:
    import socket
    import sys

    listener = socket.create_server(("", int(sys.argv[1])))
    print("listening", flush=True)
    client, _ = listener.accept()
    client.recv(100)
    client.close()


def writing_client() -> None:
    import socket
    import sys
    import time

    server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    server.send(b"hello")
    print(server.recv(100))
    print(server.send(b"first"), "taken, since nobody knows yet")
    time.sleep(1)
    try:
        server.send(b"second")
    except BrokenPipeError as error:
        print(error.strerror)


def test_the_first_write_after_the_other_end_closed_is_taken_and_the_second_breaks(machine):
    result = machine.run_all(server=[closing_server, "{port}"], client=[writing_client, "{server}", "{port}"])
    assert result["client"].out == "b''\n5 taken, since nobody knows yet\nBroken pipe\n"


def letter_program() -> None:
    from farhost.posix import c

    pair = [0, 0]
    assert c.socketpair(c.AF_UNIX, c.SOCK_STREAM, 0, pair) == 0
    c.signal(c.SIGPIPE, c.SIG_IGN)
    assert c.close(pair[1]) == 0
    print(c.write(pair[0], b"x"), c.errno() == c.EPIPE)
    print(c.socket(77, c.SOCK_STREAM, 0), c.errno() == c.EAFNOSUPPORT)


@pytest.mark.only_farhost("farhost.posix is ours")
def test_write_will_just_return_minus_1(machine):
    assert machine.run(letter_program).out == "-1 True\n-1 True\n"


def posix_default_program() -> None:
    from farhost.posix import AF_UNIX, SOCK_STREAM, close, socketpair, write

    left, right = socketpair(AF_UNIX, SOCK_STREAM, 0)
    close(right)
    write(left, b"x")


@pytest.mark.only_farhost("farhost.posix is ours")
def test_a_posix_program_that_sets_no_action_is_killed(machine):
    machine.run(posix_default_program, status=-13)
