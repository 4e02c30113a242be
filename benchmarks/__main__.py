"""`python -m benchmarks [NAME ...]`: each of `REPORTS`, or those that are named."""

import sys

from benchmarks import asyncio_echo, attached, bulk, echo, isolated, report, seeds, spin, trace_cost, tun
from benchmarks.measure import machine

REPORTS = {
    "echo": echo.report,
    "asyncio": asyncio_echo.report,
    "seeds": seeds.report,
    "bulk": bulk.report,
    "trace": trace_cost.report,
    "report": report.report,
    "attached": attached.report,
    "isolated": isolated.report,
    "spin": spin.report,
    "tun": tun.report,
}


def main() -> None:
    """Print the reports asked for."""
    names = sys.argv[1:] or list(REPORTS)
    unknown = [name for name in names if name not in REPORTS]
    if unknown:
        sys.exit(f"no such measurement: {', '.join(unknown)}; there are {', '.join(REPORTS)}")
    print(machine())
    for name in names:
        REPORTS[name]()


if __name__ == "__main__":
    main()
