"""Networks described in Python: functions beside scripts, links, outputs, the short form, the public names."""

import gc
import socket
import subprocess
import sys
import threading
import time
import weakref

import pytest

import farhost
from farhost import Network, RunFailed
from farhost.programs.in_place.threads import LIVING
from farhost.trace.hashes import HashSink

CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    connection.sendall(b"from a script")
    print(connection.recv(100))
"""


def serve(port=5000, count=1):
    with socket.create_server(("", port)) as listener:
        for _ in range(count):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())


def ask(host, port=5000, word=b"from a function"):
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(word)
        return connection.recv(100)


def test_functions_and_scripts_meet_on_one_network(tmp_path):
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    network = Network(seed=7)
    server, client, web = network.host("server"), network.host("client"), network.host("web")
    network.link(server, client, delay="40ms", loss="2%")
    server.start(serve, 5000, 3)
    scripted = client.start(script, "server", "5000")
    function = client.start(ask, "server")
    module = web.start("-m", "http.server", "8000")
    fetched = client.start(ask, "web", 8000, b"GET / HTTP/1.0\r\n\r\n")
    network.run()
    assert (scripted.status, scripted.stdout, scripted.stderr) == (0, "b'FROM A SCRIPT'\n", "")
    assert function.result == b"FROM A FUNCTION"
    assert fetched.result.startswith(b"HTTP/1.0 200 OK")
    assert (module.status, module.name, scripted.name, function.name) == (None, "web", "client", "ask")
    assert network.outcome.ok


def test_a_script_that_fails_says_in_the_report_why(tmp_path):
    script = tmp_path / "bad.py"
    script.write_text("import sys\nprint('first words', file=sys.stderr)\nraise KeyError('lost')\n")
    network = Network()
    network.host("a").start(script)
    with pytest.raises(RunFailed) as caught:
        network.run()
    text = str(caught.value)
    assert "a  exited 1: KeyError: 'lost'" in text
    assert "standard error of a:\n  first words\n  Traceback" in text


def hashed(seed):
    network = Network(seed)
    sink = HashSink()
    network.tracer.add(sink)
    server, client = network.host("server"), network.host("client")
    network.link(server, client, delay="40ms", loss="20%")
    server.start(serve)

    def work():
        threads = [threading.Thread(target=time.sleep, args=(number / 10,)) for number in range(3)]
        for thread in threads:
            thread.start()
        return ask("server")

    client.start(work)
    network.run("600s")
    return sink.result()


def test_the_same_seed_is_the_same_run():
    assert hashed(7) == hashed(7)
    assert hashed(7) != hashed(8)


def test_links_change_while_programs_run():
    network = Network()
    one, other = network.host("one"), network.host("other")
    link = network.link(one, other, delay="10ms")
    other.start(serve, 5000, 3)

    def timed():
        began = time.monotonic()
        with socket.create_connection((other.address, 5000), timeout=2) as connection:
            connection.sendall(b"x")
            connection.recv(1)
        return round(time.monotonic() - began, 2)

    def work():
        seen = [timed()]
        link.change(delay="100ms")
        seen.append(timed())
        network.partition("one", other)
        with pytest.raises(TimeoutError):
            timed()
        network.heal(one, "other")
        link.cut(direction="one>other")
        with pytest.raises(TimeoutError):
            timed()
        link.mend()
        return [*seen, timed()]

    worker = one.start(work)
    network.run("60s")
    assert worker.result == [0.04, 0.4, 0.4]


def test_segments_routers_names_and_addresses():
    network = Network()
    network.segment("far", "192.168.7.0/24", "fd07::/64", delay="5ms")
    server = network.host("server", segments=["far"], aliases=["www"])
    client = network.host("client")
    network.router("router", ["net", "far"])
    network.names.add("other", server.address)
    server.start(serve, 5000, 3)
    asker = client.start(lambda: [ask(name) for name in ("server", "www", "other")])
    network.run()
    assert asker.result == [b"FROM A FUNCTION"] * 3
    assert (server.address, server.address6, client.address) == ("192.168.7.1", "fd07::1", "10.0.0.1")
    assert repr(server) == "<Host server 192.168.7.1>"
    assert list(network.hosts) == ["server", "client", "router"]


def test_a_host_that_is_refused_is_not_there():
    network = Network()
    network.host("a", aliases=["www"])
    for words, why in (
        ({"name": "localhost"}, "every host itself"),
        ({"name": "b", "aliases": ["a"]}, "the name of a host"),
        ({"name": "b", "segments": ["net", "net"]}, "named twice"),
        ({"name": "b", "sysctls": {"net.ipv4.ip_default_ttl": 256}}, "takes 1 to 255"),
    ):
        with pytest.raises(ValueError, match=why):
            network.host(**words)
    with pytest.raises(ValueError, match="the name of a host"):
        network.names.add("a", "10.9.9.9")
    assert list(network.hosts) == ["a"]


def test_a_host_on_no_segment_has_no_address_until_it_is_attached():
    host = Network().host("alone", segments=())
    assert repr(host) == "<Host alone>"
    with pytest.raises(ValueError, match="'alone' has no address: attach it to a segment"):
        _ = host.address
    host.attach("net")
    assert host.address == "10.0.0.1"


def test_a_second_interface():
    network = Network()
    network.segment("second")
    host = network.host("host")
    host.attach("second", "10.0.1.77")
    reader = host.start(lambda: sorted(name for _, name in socket.if_nameindex()))
    network.run()
    assert reader.result == ["eth0", "eth1", "lo"]


def test_traces_and_captures_are_files(tmp_path):
    network = Network(seed=3)
    server, client = network.host("server"), network.host("client")
    network.link_all(delay="1ms")
    network.trace(tmp_path / "trace.txt")
    network.capture(tmp_path / "all.pcapng")
    network.capture(tmp_path / "server.pcapng", server)
    server.start(serve)
    client.start(ask, "server")
    network.run()
    trace = (tmp_path / "trace.txt").read_text()
    assert "accept4(512, " in trace
    assert 'sendto(512, "from a function", 15, 0, NULL, 0) = 15' in trace
    sizes = [(tmp_path / name).stat().st_size for name in ("all.pcapng", "server.pcapng")]
    assert sizes[0] > sizes[1] > 500


def test_run_is_the_short_form(tmp_path):
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    outcome = farhost.run(
        server=(serve, 5000, 2),
        client=(ask, "server"),
        other=f"{script} server 5000",
        link="delay=40ms loss=2%",
        seed=7,
    )
    assert outcome.ok
    assert [process.name for process in outcome.processes] == ["server", "client", "other"]
    assert outcome.processes[2].stdout == "b'FROM A SCRIPT'\n"
    with pytest.raises(ValueError, match="no word 'dely'"):
        farhost.run(server=serve, link="dely=40ms")
    assert not farhost.run(server=lambda: 1 / 0, check=False).ok


def test_importing_farhost_loads_nothing_of_it():
    script = """
import sys
import farhost
print(sorted(name for name in sys.modules if name.startswith("farhost")), len(dir(farhost)) > 8)
farhost.Network
from farhost import EscapeError, Host, Link, Outcome, Program, RunFailed, run
try:
    farhost.Netwerk
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['farhost'] True\nmodule 'farhost' has no attribute 'Netwerk'\n"


def test_a_network_that_is_dropped_is_closed():
    gc.collect()  # Those of other tests.
    before = dict(LIVING)
    network = Network()
    assert dict(LIVING) != before
    del network
    gc.collect()
    assert dict(LIVING) == before
    with Network():
        assert dict(LIVING) != before
    assert dict(LIVING) == before


def run_that_knows_its_network():
    network = Network()
    network.always(lambda: network is not None)
    network.host("a").start(print, "hello")
    network.run()
    return weakref.ref(network)


def test_nothing_keeps_a_network_that_has_run_and_is_dropped():
    dropped = run_that_knows_its_network()
    gc.collect()
    assert dropped() is None


def test_networks_run_in_threads_of_their_own():
    results = {}

    def work(seed):
        network = Network(seed)
        network.host("server").start(serve, 5000, 20)
        client = network.host("client").start(lambda: [ask("server", word=b"%d" % seed) for _ in range(20)])
        network.run()
        results[seed] = client.result

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {seed: [b"%d" % seed] * 20 for seed in range(3)}


def test_a_network_runs_where_it_was_made():
    network = Network()
    network.host("a").start(print)
    caught = []

    def elsewhere():
        try:
            network.run()
        except ValueError as error:
            caught.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert caught == ["a network runs in the thread that made it"]


def test_a_program_cannot_run_another_network():
    def nested():
        other = Network()
        other.host("b").start(print)
        with pytest.raises(ValueError, match="a simulated program cannot run a network"):
            other.run()
        other.close()
        return "refused"

    network = Network()
    program = network.host("a").start(nested)
    network.run()
    assert program.result == "refused"
