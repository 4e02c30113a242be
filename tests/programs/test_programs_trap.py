"""The trap: what a call leaves behind when it fails, and what it takes."""

import pytest
from running import same_as_python

FAILURES = {
    "would block": "s.setblocking(False); s.recv(1)",
    "refused": "s.connect(('127.0.0.1', 1))",
    "no such address": "s.bind(('8.8.8.8', 1))",
    "timed out": "s.bind(('127.0.0.1', 0)); s.listen(); s.settimeout(0.01); s.accept()",
    "a file object": "a, b = socket.socketpair(); a.settimeout(0.01); a.makefile('rb').read(1)",
    "an address that is none": "s.bind(('', 70000))",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_socket_is_closed_once_nobody_holds_it_though_a_call_on_it_failed(tmp_path, failure):
    source = f"""
        import socket

        def fail():
            s = socket.socket()
            try:
                {FAILURES[failure]}
            except (OSError, OverflowError) as error:
                print(type(error).__name__, error)

        fail()
        print(socket.socket().fileno())
    """
    assert same_as_python(tmp_path, source).stdout.endswith("\n3\n")
