"""100 MB of TCP at 1 Gbit/s and 10 ms, without loss and with 1 %: megabytes per CPU second, and the goodput."""

import subprocess
import sys

from benchmarks.measure import Cost, simulate

LINKS = {"no loss": "delay=10ms rate=1gbit", "1 % loss": "delay=10ms rate=1gbit loss=1%"}


def elsewhere(megabytes: int, link: str) -> Cost:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bulk", str(megabytes), link]
    return Cost(*map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))


def report(megabytes: int = 100) -> None:
    """Print a line for each link."""
    print(f"{megabytes} MB of TCP, one connection, MSS 1460")
    for name, link in LINKS.items():
        cost = elsewhere(megabytes, link)
        print(
            f"  {name:9} {cost.cpu_s:6.2f} CPU s  {megabytes / cost.cpu_s:6.1f} MB per CPU second  "
            f"goodput {megabytes * 8 / cost.virtual_s:6.1f} Mbit/s in {cost.virtual_s:.2f} virtual s"
        )


if __name__ == "__main__":
    print(*simulate("bulk", int(sys.argv[1]), sys.argv[2]))
