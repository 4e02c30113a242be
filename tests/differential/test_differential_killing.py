"""Processes that are killed and stopped: what their peers see, on both machines."""

import signal

from differ import agree


def killed():
    import os
    import signal
    import socket
    import sys

    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    print("listening", flush=True)
    connection, _ = listener.accept()
    connection.recv(3)
    if sys.argv[2] == "unread":
        connection.recv(1, socket.MSG_PEEK)
    try:
        os.kill(os.getpid(), signal.SIGKILL)
    finally:
        connection.sendall(b"from finally")


def peer():
    import socket
    import sys
    import time

    from telling import tell

    address = ("127.0.0.1", int(sys.argv[1]))
    connection = socket.create_connection(address)
    connection.settimeout(5)
    connection.sendall(b"abc" + (b"more" if sys.argv[2] == "unread" else b""))
    tell("first", connection.recv, 10)
    tell("second", connection.recv, 10)
    time.sleep(0.1)
    tell("send", connection.send, b"x")
    time.sleep(0.1)
    tell("send again", connection.send, b"x")
    tell("end", connection.recv, 10)
    tell("connect", socket.create_connection, address)


def test_a_process_killed_with_nothing_unread_leaves_an_end_of_file(tmp_path):
    found = agree(
        tmp_path, killed=[killed, "{port}", "read"], peer=[peer, "{port}", "read"], statuses=(0, -signal.SIGKILL)
    )
    assert "first: b''" in found["peer"].out
    assert found["killed"].out == "listening\n"


def test_a_process_killed_with_something_unread_resets(tmp_path):
    found = agree(
        tmp_path, killed=[killed, "{port}", "unread"], peer=[peer, "{port}", "unread"], statuses=(0, -signal.SIGKILL)
    )
    assert "first: ECONNRESET" in found["peer"].out


def stopped():
    import os
    import signal
    import socket
    import sys

    def stop(number, frame):
        print("handler", signal.Signals(number).name, flush=True)

    signal.signal(signal.SIGUSR1, stop)
    signal.signal(signal.SIGCONT, stop)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2)
    print("listening", flush=True)
    connection, _ = listener.accept()
    connection.sendall(b"%d" % os.getpid())
    for _ in range(2):
        print(connection.recv(100), flush=True)
    taken = 0
    listener.settimeout(0.3)
    try:
        while True:
            listener.accept()[0].close()
            taken += 1
    except TimeoutError:
        print("taken", taken)


def stopper():
    import os
    import signal
    import socket
    import sys
    import time

    from telling import tell

    address = ("127.0.0.1", int(sys.argv[1]))
    connection = socket.create_connection(address)
    pid = int(connection.recv(100))
    connection.sendall(b"before")
    time.sleep(0.1)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.1)
    connection.sendall(b"while stopped,")
    os.kill(pid, signal.SIGUSR1)
    time.sleep(0.1)
    connection.sendall(b" gathered")
    kept = []
    for number in range(5):
        waiting = socket.socket()
        waiting.settimeout(0.2)
        tell(f"connect {number}", waiting.connect, address)
        kept.append(waiting)
    for waiting in kept[3:]:
        waiting.close()
    connection.setblocking(False)
    tell("nothing came", connection.recv, 10)
    os.kill(pid, signal.SIGCONT)
    connection.settimeout(5)
    tell("end", connection.recv, 10)


def test_a_stopped_process_takes_nothing_and_goes_on_where_it_was(tmp_path):
    found = agree(tmp_path, stopped=[stopped, "{port}"], stopper=[stopper, "{port}"])
    assert "b'while stopped, gathered'\n" in found["stopped"].out
