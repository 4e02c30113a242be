"""Bulk transfers between the simulated stack and the Linux kernel, both ways: curl from an unmodified http.server on
a simulated host, urllib on a simulated host from nginx outside. IPv4 and IPv6, without loss and with 5 % on the
simulated link, against the kernel's reno and cubic; equal checksums, and tshark has nothing to complain of.
"""

import shutil
import sys

import pytest
from real_wire import (
    DEVICE,
    LIMIT_S,
    LOSSY_MEGABYTES,
    MEGABYTES,
    NETWORKS,
    OUTSIDE_V4,
    OUTSIDE_V6,
    SIMULATED_V4,
    SIMULATED_V6,
    checksum,
    make_file,
)
from terminals import finish

NGINX = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr error;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 8080;
        listen [::]:8080 ipv6only=on;
        root files;
    }
}
"""
FETCH = """
import hashlib
import sys
import urllib.request

digest = hashlib.sha256()
with urllib.request.urlopen(sys.argv[1]) as answer:
    while piece := answer.read(1 << 18):
        digest.update(piece)
print(digest.hexdigest())
"""
CASES = [
    pytest.param(family, loss, congestion, id=f"{family}-{loss}-{congestion}")
    for family in ("v4", "v6")
    for loss in ("0%", "5%")
    for congestion in ("reno", "cubic")
]


def size_of(loss: str) -> float:
    return MEGABYTES if loss == "0%" else LOSSY_MEGABYTES


@pytest.fixture(scope="module")
def inside_server(wire):
    """http.server on the simulated host, with both families."""
    files = wire.folder / "inside"
    files.mkdir()
    wire.execute("box", sys.executable, "-m", "http.server", "8000", "--bind", "::", "--directory", str(files))
    wire.wait_listening(8000)
    return files


@pytest.fixture(scope="module")
def outside_server(wire):
    """nginx outside."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    place = wire.folder / "nginx"
    (place / "files").mkdir(parents=True)
    (place / "nginx.conf").write_text(NGINX)
    wire.folder.chmod(0o755)
    wire.machine("nginx", "-p", str(place), "-c", "nginx.conf")
    wire.wait(lambda: ":8080" in wire.space.run("ss", "-ltn"), "nginx does not listen")
    return place / "files"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(("family", "loss", "congestion"), CASES)
def test_curl_fetches_from_a_simulated_host(wire, inside_server, family, loss, congestion):
    wanted = make_file(inside_server / "data", size_of(loss))
    wire.space.use(congestion, DEVICE, NETWORKS)
    wire.link(f"loss={loss}")
    host = SIMULATED_V4 if family == "v4" else f"[{SIMULATED_V6}]"
    got = wire.folder / "got"
    with wire.judged():
        command = ["curl", "-sS", "-g", "-m", str(LIMIT_S), "-o", str(got), f"http://{host}:8000/data"]
        assert finish(wire.machine(*command), limit_s=LIMIT_S) == ""
    assert checksum(got) == wanted


@pytest.mark.parametrize(("family", "loss", "congestion"), CASES)
def test_a_simulated_host_fetches_from_nginx(wire, outside_server, family, loss, congestion):
    wanted = make_file(outside_server / "data", size_of(loss))
    (outside_server / "data").chmod(0o644)
    wire.space.use(congestion, DEVICE, NETWORKS)
    wire.link(f"loss={loss}")
    host = OUTSIDE_V4 if family == "v4" else f"[{OUTSIDE_V6}]"
    with wire.judged():
        assert finish(wire.inside(FETCH, f"http://{host}:8080/data"), limit_s=LIMIT_S) == f"{wanted}\n"
