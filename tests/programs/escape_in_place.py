"""A process that takes the ways out (`escape_ways`) before it knows farhost, and tries them in functions in place.

Its arguments name their kinds; each is tried with a seed, with the same again, with another one, and on another host.
"""

import json
import sys

import escape_ways

TAKEN = [(way, way.make()) for way in escape_ways.WAYS if way.kind in sys.argv[1:]]


def tried(inside, seed, host):
    """What came of it, and what the run has noted."""
    from farhost import Network

    net = Network(seed)
    net.host("first"), net.host("box")
    program = net.hosts[host].start(inside)
    outcome = net.run("3000h", check=False)
    got = repr(program.result) if program.error is None else f"{type(program.error).__name__}: {program.error}"
    return [got if outcome.kind in ("passed", "failed") else outcome.message, list(outcome.escapes)]


for way, inside in TAKEN:
    seeds = [(1, "box"), (1, "box"), (2, "box"), (1, "first")] if way.kind == "entropy" else [(1, "box")]
    print(json.dumps([way.name, [tried(inside, *choice) for choice in seeds]]))
