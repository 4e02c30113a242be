"""What the tests of acting on programs and hosts share: a pair of hosts, scripts, and the events of a run."""

import textwrap

from farhost import Network
from farhost.trace.events import PacketEvent
from farhost.wire.packet import TcpSegment


class Seen:
    """The events of a run."""

    def __init__(self, network):
        self.events = []
        network.tracer.add(self)

    def take(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def flags_from(self, host, since_ns=10**9):
        """The flags of the segments that a host sent since then."""
        return [
            event.packet.body.flags
            for event in self.of(PacketEvent)
            if event.action == "sent"
            and event.host == host
            and event.time_ns >= since_ns
            and isinstance(event.packet.body, TcpSegment)
        ]


def script(folder, source, name="script.py"):
    path = folder / name
    path.write_text(textwrap.dedent(source))
    return str(path)


SERVER = """
    import atexit, socket, sys
    atexit.register(print, "atexit")
    listener = socket.create_server(("", 5000))
    print("up", *sys.argv[1:], flush=True)
    try:
        while True:
            connection, _ = listener.accept()
            while data := connection.recv(100):
                connection.sendall(data)
    finally:
        print("finally")
"""


def pair(tmp_path, seed=1):
    network = Network(seed=seed)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="10ms")
    program = server.start(script(tmp_path, SERVER), "here", "again")
    return network, server, client, program
