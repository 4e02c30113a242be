"""What the tests of options share: values, the packet that a call sends, two programs over a link."""

import struct

from virtual_programs import Program, run, two_hosts


def value(number):
    return struct.pack("<i", number)


def last_packet(far, act):
    """The last packet that went through `lo` during `act`."""
    seen = []
    internet = far.kernel.internet
    wire = internet.lo.wire

    class Tap:
        def transmit(self, packet, next_hop):
            seen.append(packet)
            wire.transmit(packet, next_hop)

    internet.lo.wire = Tap()
    act()
    internet.lo.wire = wire
    return seen[-1]


def over_link(conditions, client_body, server_body, **settings):
    network, client, server = two_hosts(conditions, **settings)
    programs = (
        Program(network, server, "server").start(server_body, network, client, server),
        Program(network, client, "client").start(client_body, network, client, server),
    )
    return run(network, *programs)


def nothing(program, *_):
    """A program that ends at once."""
