"""Slow accepts, and listeners whose queue is full: what those who connect see is what listen(2) says."""

import pytest
from call_fault_running import Bench

from farhost.programs.call_faults.full_backlog import FullBacklog
from farhost.programs.call_faults.slow_accept import SlowAccept
from farhost.trace.events import PacketEvent

SERVER = """
    import socket
    with socket.create_server(("", 5000)) as listener:
        peer, _ = listener.accept()
        peer.recv(1)
"""
CLIENT = """
    import socket, time
    began = time.monotonic()
    sock = socket.create_connection(("server", 5000))
    print(round(time.monotonic() - began, 1))
    sock.sendall(b"x")
    print(sock.recv(1), round(time.monotonic() - began, 1))
"""


def test_an_accept_is_held_up(tmp_path):
    bench = Bench(tmp_path).script("server", SERVER).script("client", CLIENT)
    assert bench.run().output("client") == "0.0\nb'' 0.0\n"
    late = {bench.run("slow-accept=100%:100s", seed=seed).output("client") for seed in range(8)}
    assert len(late) > 2
    assert all(text.startswith("0.0\n") for text in late)
    ran = bench.run("slow-accept=100%")
    (event,) = ran.faults
    assert (event.kind, event.place) == ("slow-accept", "server/server accept 1 at port 5000")
    assert 1 <= event.amount <= 500_000
    assert SlowAccept().describe(event.place, 1500) == f"{event.place} was held up for 1.5ms"


def test_a_full_backlog_drops_the_syn_which_comes_again(tmp_path):
    bench = Bench(tmp_path).script("server", SERVER).script("client", CLIENT)
    delays = set()
    for seed in range(12):
        ran = bench.run("full-backlog=50%", seed=seed)
        delays.add(ran.output("client").split()[0])
        dropped = [e for e in ran.events if isinstance(e, PacketEvent) and e.reason == "accept-queue-full"]
        assert len(dropped) == len(ran.faults)
    assert {"0.0", "1.0"} <= delays
    (event, *_) = bench.run("full-backlog=100%").faults
    assert event.place.endswith(">server:5000 syn #1")
    said = FullBacklog().describe("client:49152>server:5000 syn #1", 1)
    assert said == "client:49152>server:5000 syn #1 found the listener's queue full"


UNIX = """
    import socket, time
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("server.sock")
    listener.listen()
    client = socket.socket(socket.AF_UNIX)
    {setting}
    began = time.monotonic()
    try:
        client.connect("server.sock")
        print("connected", time.monotonic() - began > 0.0005)
    except BlockingIOError:
        print("EAGAIN")
"""


@pytest.mark.parametrize(
    ("setting", "usually", "then"),
    [
        ("", "connected False\n", "connected True\n"),
        ("client.setblocking(False)", "connected False\n", "EAGAIN\n"),
        ("client.settimeout(9)", "connected False\n", "EAGAIN\n"),
    ],
)
def test_a_unix_socket_waits_or_must_try_again(tmp_path, setting, usually, then):
    source = UNIX.format(setting=setting)
    bench = Bench(tmp_path).script("box", source)
    assert bench.run().output("box") == usually
    ran = bench.run("full-backlog=100%")
    assert ran.output("box") == then
    assert [event.place.partition(" to ")[0] for event in ran.faults] == ["box/box connect 1"]


def test_where_nobody_listens_there_is_no_queue(tmp_path):
    source = """
        import socket
        for family, address in ((socket.AF_UNIX, "nobody.sock"), (socket.AF_INET, ("127.0.0.1", 5000))):
            try:
                socket.socket(family).connect(address)
            except OSError as error:
                print(type(error).__name__)
    """
    ran = Bench(tmp_path).script("box", source).run("full-backlog=100%")
    assert ran.output("box") == "FileNotFoundError\nConnectionRefusedError\n"
    assert not ran.faults
