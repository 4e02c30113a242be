"""A capture at all hosts as one for each: tshark then follows connections as that host sees them."""

import struct
from pathlib import Path

_INTERFACE, _PACKET = 1, 6
_NAME = 2


def split_by_host(path: Path) -> list[Path]:
    """Write `PATH.HOST` for each host that has packets; their paths. Blocks of another kind go into all of them."""
    data = path.read_bytes()
    hosts: list[str] = []
    blocks: list[tuple[str, bytes]] = []
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        block = data[at : at + size]
        if kind == _INTERFACE:
            hosts.append(_host_of(block))
        blocks.append((hosts[struct.unpack_from("<I", block, 8)[0]] if kind == _PACKET else "", block))
        at += size
    found = []
    for host in dict.fromkeys(host for host, _ in blocks if host):
        found.append(path.with_name(f"{path.name}.{host}"))
        found[-1].write_bytes(b"".join(block for whose, block in blocks if whose in ("", host)))
    return found


def _host_of(block: bytes) -> str:
    """From the first option, `host interface`."""
    code, size = struct.unpack_from("<HH", block, 16)
    assert code == _NAME
    return block[20 : 20 + size].decode().partition(" ")[0]
