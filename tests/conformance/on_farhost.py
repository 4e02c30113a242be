"""Runs the driver inside a simulated process, on a host of its own."""

import os
import sys
from pathlib import Path

from farhost import Network

DRIVER = Path(__file__).with_name("driver.py")


def main(module, results, *arguments):
    network = Network()
    network.watchdog_s = 60
    user = "root" if os.getuid() == 0 else "user"
    program = network.host("box", user=user).start(str(DRIVER), module, results, *arguments)
    outcome = network.run(check=False)
    sys.stdout.write(program.stdout)
    sys.stderr.write(program.stderr[-10000:])
    if not outcome.ok:
        sys.stderr.write(network.report())
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
