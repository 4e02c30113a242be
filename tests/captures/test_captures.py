"""tshark finds nothing wrong in captures of the scenario suite, and in damaged packets exactly what a fault did.

`make captures` runs the whole suite with the plugin beside this file; here is some of it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from judge import judge
from machines import Farhost

from farhost.devices.capture import CaptureSink, interfaces_of, names_of
from farhost.network.network import Network

ROOT = Path(__file__).parents[2]
SOME = (
    "tests/notes/test_notes_broken_pipe.py",
    "tests/scenarios/test_scenarios_urgent.py",
)
pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def test_nothing_is_wrong_in_captures_of_some_scenarios():
    paths = [str(ROOT / "tests/captures"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "pytest", "-p", "captured_plugin", "-k", "not system", *SOME]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    found = re.search(r"captures: ([0-9]+) judged, ([0-9]+) packets", done.stdout)
    assert found is not None and int(found[1]) > 15 and int(found[2]) > 1000, done.stdout


def reader():
    import socket
    import threading

    def datagrams():
        with socket.create_server(("::", 5001), family=socket.AF_INET6, dualstack_ipv6=True) as ready:
            ready.accept()[0].close()

    threading.Thread(target=datagrams).start()
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        one = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, 5000))
    for family in (socket.AF_INET, socket.AF_INET6):
        with socket.create_server(("", 5000), family=family) as listener:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(65536):
                    pass


def writer():
    import socket
    import time

    for family in (socket.AF_INET, socket.AF_INET6):
        one = socket.socket(family, socket.SOCK_DGRAM)
        address = socket.getaddrinfo("reader", 5000, family)[0][4]
        for size in range(40):
            one.sendto(bytes(size), address)
        with socket.socket(family) as connection:
            connection.connect(address)
            connection.sendall(bytes(200_000))
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
        time.sleep(1)
    socket.create_connection(("reader", 5001)).close()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_fault_damaged_is_what_tshark_finds_damaged(tmp_path, seed):
    network = Network(seed)
    paths = {host: tmp_path / f"{host}.pcapng" for host in ("reader", "writer")}
    for host in paths:
        network.host(host)
    network.link_all("delay=10ms corrupt=15% duplicate=3%")
    outputs = {host: path.open("wb") for host, path in paths.items()}
    sinks = [
        CaptureSink(output, interfaces_of(network, [host]), names_of(network), hosts=[host])
        for host, output in outputs.items()
    ]
    for sink in sinks:
        network.tracer.add(sink)
    Farhost(tmp_path).run_all(network=network, reader=[reader], writer=[writer])
    for sink, output in zip(sinks, outputs.values()):
        sink.close()
        output.close()
    judged = judge(paths["reader"])
    assert judged.complaints() == []
    assert len(judged.wrong) > 30 and any(bit < 160 for bit, _ in judged.damaged.values())
    assert len(judged.wrong) == sum(covered for _, covered in judged.damaged.values())
    assert judge(paths["writer"]).complaints() == []
