"""What tshark finds wrong in a capture: malformed packets, wrong checksums, its experts' errors; and what must be."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

CHECKSUMS = ("ip", "tcp", "udp", "icmp", "icmpv6")
"""UDP-Lite's is among UDP's."""
CHECKED = [word for one in ("ip", "tcp", "udp", "udplite") for word in ("-o", f"{one}.check_checksum:TRUE")]
PRIVATE_PORTS = ["-d", "tcp.port==5000,data", "-d", "udp.port==5000,data"]
"""Programs of the tests speak there as they like."""
IN_ORDER = ["-o", "tcp.reassemble_out_of_order:TRUE"]
"""Else what is sent again is put behind what came after it, and HTTP makes no sense of that."""
NOT_SSH = ["--disable-protocol", "ssh"]
"""Wireshark 4.0 calls the keys of newer key exchanges (mlkem768x25519) too long."""
ERROR = "8388608"
"""The severity of what Wireshark's experts call an error."""
_BIT = re.compile(r"corrupted: bit ([0-9]+) flipped")
_SHOWN = ("frame.number", "frame.comment", "frame.packet_flags_direction", "ipv6.version", "_ws.col.Info")
_SIGNS = ("_ws.malformed", "_ws.expert.severity", *(f"{one}.checksum.status" for one in CHECKSUMS))


class Judged(NamedTuple):
    """A capture, as tshark reads it."""

    packets: int
    wrong: dict[int, str]
    """Packets with which something is wrong, by number: what it shows of them."""
    damaged: dict[int, tuple[int, bool]]
    """Packets that arrived with a bit flipped: which, and whether a checksum covers it (part of IPv6's header has
    none)."""

    def complaints(self) -> list[str]:
        """What is wrong without a fault of ours, and what should be and is not."""
        found = [f"packet {number}: {text}" for number, text in self.wrong.items() if number not in self.damaged]
        for number, (bit, covered) in self.damaged.items():
            if covered and number not in self.wrong:
                found.append(f"packet {number}: bit {bit} is flipped, and nothing is wrong with it")
        return found


def judge(path: Path) -> Judged:
    """Let tshark read a capture."""
    command = ["tshark", "-n", "-r", str(path), *CHECKED, *PRIVATE_PORTS, *IN_ORDER, *NOT_SSH, "-T", "fields"]
    command += [word for field in (*_SHOWN, *_SIGNS) for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, (path, done.stderr)
    wrong, damaged = {}, {}
    lines = done.stdout.splitlines()
    for line in lines:
        values = line.split("\t")
        number, comment, direction, v6, info = values[: len(_SHOWN)]
        malformed, severities, *statuses = values[len(_SHOWN) :]
        if malformed or ERROR in severities.split(",") or any("0" in status.split(",") for status in statuses):
            wrong[int(number)] = f"{info} [{comment}] {malformed} {severities} {statuses}"
        found = _BIT.search(comment)
        if found and direction in ("1", "0x00000001"):
            bit = int(found[1])
            damaged[int(number)] = bit, not (v6 and bit < 64)
    return Judged(len(lines), wrong, damaged)
