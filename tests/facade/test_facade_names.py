"""Names asked for over the network, from end to end: what lookups cost, what goes wrong, who gets through."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import dns.message
import dns.rrset
import pytest

from farhost import Network
from farhost.trace.hashes import HashSink

RTT_S = 0.02
"""Each way takes 10 ms."""


def network(seed=1, server=True, records=(), resolver="", **words):
    """A name server, two web servers and a client."""
    net = Network(seed)
    ns = net.host("ns")
    if server:
        net.name_server(ns, records=records, **words)
    net.host("web")
    net.host("web2")
    net.host("client", resolver=resolver)
    net.link_all(delay="10ms")
    return net


def client_does(net, body):
    """Run a function on the client: what it returns."""
    results = []
    net.hosts["client"].start(lambda: results.append(body()))
    net.run(until="1h")
    return results[0]


def timed(look_up):
    """What a lookup gave, or its error number, and the milliseconds that it took, to the tenth."""
    began = time.monotonic()
    try:
        found = look_up()
    except OSError as error:
        found = error.errno
    return found, round((time.monotonic() - began) * 1000, 1)


def v4(name, port=80):
    return [row[4][0] for row in socket.getaddrinfo(name, port, socket.AF_INET, socket.SOCK_STREAM)]


def test_a_lookup_takes_its_way_there_and_back():
    assert client_does(network(), lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 20.0)


def test_both_families_are_asked_for_at_once():
    found, took_ms = client_does(network(), lambda: timed(lambda: socket.getaddrinfo("web", 80, type=1)))
    assert [row[4][0] for row in found] == ["fd00::2", "10.0.0.2"]
    assert took_ms == 20.0


def test_a_host_knows_itself_and_localhost():
    def body():
        return timed(lambda: v4("client")), timed(lambda: v4("localhost"))

    assert client_does(network(), body) == ((["10.0.0.4"], 0.0), (["127.0.0.1"], 0.0))


def test_answers_take_turns():
    net = network(records=["far A 10.9.0.1", "far A 10.9.0.2", "far A 10.9.0.3"])
    assert client_does(net, lambda: [v4("far")[0] for _ in range(4)]) == [
        "10.9.0.1",
        "10.9.0.2",
        "10.9.0.3",
        "10.9.0.1",
    ]


def test_a_domain_is_put_behind_names():
    def body():
        return timed(lambda: v4("web")), timed(lambda: v4("web.example.com")), timed(lambda: v4("web."))

    found = client_does(network(domain="example.com"), body)
    assert found == ((["10.0.0.2"], 20.0), (["10.0.0.2"], 20.0), (socket.EAI_NONAME, 20.0))


def test_the_search_list_is_gone_through():
    net = network(domain="two.test", resolver="search=one.test,two.test")
    assert client_does(net, lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 40.0)


def test_the_older_calls_and_reverse_lookups():
    def body():
        return (
            socket.gethostbyname("www"),
            socket.gethostbyname_ex("www"),
            socket.gethostbyaddr("10.0.0.2"),
            socket.gethostbyaddr("fd00::3"),
            socket.getnameinfo(("10.0.0.3", 80), 0),
            socket.getnameinfo(("10.9.9.9", 80), 0),
            socket.getfqdn("web"),
            timed(lambda: socket.gethostbyaddr("10.9.9.9")),
        )

    net = network(domain="example.com", records=["www CNAME web"])
    assert client_does(net, body) == (
        "10.0.0.2",
        ("web.example.com", ["www.example.com"], ["10.0.0.2"]),
        ("web.example.com", [], ["10.0.0.2"]),
        ("web2.example.com", [], ["fd00::3"]),
        ("web2.example.com", "http"),
        ("10.9.9.9", "http"),
        "web.example.com",
        (1, 20.0),
    )


def test_an_answer_that_does_not_fit_comes_by_tcp():
    net = network(records=[f"many A 10.9.0.{number}" for number in range(60)])
    found, took_ms = client_does(net, lambda: timed(lambda: v4("many")))
    assert sorted(found) == sorted(f"10.9.0.{number}" for number in range(60))
    assert took_ms == 60.0, "one round trip by UDP, one for the connection, one for the question"


# What goes wrong.


def test_a_lost_query_costs_the_time_limit():
    assert client_does(network(drop_next="1"), lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 5020.0)
    net = network(drop_next="1", resolver="timeout=2s")
    assert client_does(net, lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 2020.0)


def test_a_lost_packet_costs_it_too():
    def body():
        net.link("client", "ns", delay="10ms", loss="100%")
        timer = threading.Timer(1, lambda: net.link("client", "ns", delay="10ms"))
        timer.start()
        return timed(lambda: v4("web"))

    net = network()
    assert client_does(net, body) == (["10.0.0.2"], 5020.0)


def test_one_of_two_queries_lost_costs_more_round_trips():
    """glibc asks once more, for one after the other, and goes on asking so."""

    def body():
        look_up = lambda: len(socket.getaddrinfo("web", 80, type=1))  # noqa: E731
        return timed(look_up), timed(look_up)

    assert client_does(network(drop_next="1"), body) == ((2, 5040.0), (2, 40.0))


def test_a_slow_server():
    assert client_does(network(delay="3s"), lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 3020.0)
    found, took_ms = client_does(network(delay="6s"), lambda: timed(lambda: v4("web")))
    assert (found, took_ms) == (["10.0.0.2"], 6020.0), "the late answer to the first query is taken"


def test_an_answer_that_comes_late():
    found, took_ms = client_does(network(slow="100%:3s"), lambda: timed(lambda: v4("web")))
    assert found == ["10.0.0.2"] and 20 < took_ms <= 3020


def test_a_server_that_fails_and_one_that_lies():
    assert client_does(network(servfail="100%"), lambda: timed(lambda: v4("web"))) == (socket.EAI_AGAIN, 40.0)
    assert client_does(network(nxdomain="100%"), lambda: timed(lambda: v4("web"))) == (socket.EAI_NONAME, 20.0)
    assert client_does(network(wrong="100%"), lambda: v4("web")) == ["192.0.2.1"]
    assert client_does(network(wrong="100%", wrong_address="10.0.0.3"), lambda: v4("web")) == ["10.0.0.3"]


def test_nobody_at_port_53():
    net = network(server=False, resolver="nameservers=ns")
    found, took_ms = client_does(net, lambda: timed(lambda: v4("web")))
    assert found == socket.EAI_AGAIN
    assert took_ms == 40.0, "ICMP says so at each attempt"


def test_a_name_server_that_cannot_be_reached():
    net = network(resolver="timeout=3s attempts=2")
    net.partition("client", "ns")
    assert client_does(net, lambda: timed(lambda: v4("web"))) == (socket.EAI_AGAIN, 3060.0), "nobody answers ARP"


def test_the_second_name_server_is_asked_after_the_first():
    net = network(resolver="nameservers=10.0.0.9,ns timeout=1s")
    assert client_does(net, lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 1020.0)


def test_a_name_server_at_an_ipv6_address():
    net = network(resolver="nameservers=fd00::1")
    assert client_does(net, lambda: timed(lambda: v4("web"))) == (["10.0.0.2"], 20.0)


def test_a_server_changes_in_a_run():
    net = Network()
    server = net.name_server(net.host("ns"))
    net.host("web")
    net.host("client")

    def body():
        server.change(servfail="100%")
        bad = timed(lambda: v4("web"))[0]
        server.change(servfail="0%", delay="1s")
        server.record("late A 10.9.9.9")
        return bad, timed(lambda: v4("late"))

    assert client_does(net, body) == (socket.EAI_AGAIN, (["10.9.9.9"], 1000.0))


# Who gets through.


def serve():
    with socket.create_server(("", 80), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        while True:
            listener.accept()[0].close()


BROKEN_V6 = ["both A 10.0.0.2", "both AAAA fd00::dead"]


def test_happy_eyeballs_costs_its_delay():
    async def connect(name):
        began = time.monotonic()
        _, writer = await asyncio.open_connection(name, 80, happy_eyeballs_delay=0.25)
        peer = writer.get_extra_info("peername")[0]
        writer.close()
        return peer, round((time.monotonic() - began) * 1000)

    def body():
        return asyncio.run(connect("web")), asyncio.run(connect("both"))

    net = network(records=BROKEN_V6)
    net.hosts["web"].start(serve)
    good, broken = client_does(net, body)
    assert good == ("fd00::2", 40), "a round trip for the name, one for the connection"
    assert broken == ("10.0.0.2", 290)


def test_create_connection_falls_through():
    def body():
        began = time.monotonic()
        with socket.create_connection(("both", 80), timeout=1) as sock:
            return sock.getpeername()[0], round(time.monotonic() - began, 2)

    net = network(records=BROKEN_V6)
    net.hosts["web"].start(serve)
    assert client_does(net, body) == ("10.0.0.2", 1.04)


def test_a_programs_own_server_does_as_well():
    def own():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("", 53))
            while True:
                data, peer = sock.recvfrom(512)
                query = dns.message.from_wire(data)
                answer = dns.message.make_response(query)
                name = query.question[0].name
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "10.0.0.3"))
                sock.sendto(answer.to_wire(), peer)

    net = Network()
    net.host("ns", user="root").start(own)
    net.host("client", resolver="nameservers=ns")
    net.link_all(delay="10ms")
    assert client_does(net, lambda: timed(lambda: v4("anything"))) == (["10.0.0.3"], 20.0)


def test_port_53_of_a_name_server_is_taken():
    net = network()
    found = []

    def body():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            found.append(timed(lambda: sock.bind(("", 53)))[0])

    net.hosts["ns"].start(body)
    net.hosts["web"].start(body)
    net.run()
    assert found == [errno.EADDRINUSE, None]


# Processes, threads, signals.


def test_threads_look_up_beside_each_other():
    def body():
        results = []
        threads = [threading.Thread(target=lambda: results.append(v4("web"))) for _ in range(5)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results, round(time.monotonic() - began, 3)

    results, took = client_does(network(delay="1s"), body)
    assert results == [["10.0.0.2"]] * 5
    assert took == pytest.approx(1.02, abs=0.001)


def test_an_event_loop_goes_on_meanwhile():
    async def main():
        loop = asyncio.get_running_loop()
        lookup = asyncio.ensure_future(loop.getaddrinfo("web", 80, family=socket.AF_INET, type=socket.SOCK_STREAM))
        ticks = 0
        while not lookup.done():
            await asyncio.sleep(0.1)
            ticks += 1
        return lookup.result()[0][4], ticks

    assert client_does(network(delay="1s"), lambda: asyncio.run(main())) == (("10.0.0.2", 80), 11)


def test_nothing_stays_open():
    def body():
        with socket.socket() as sock:
            before = sock.fileno()
        timed(lambda: v4("web"))
        timed(lambda: v4("nobody"))
        with socket.socket() as sock:
            return sock.fileno() == before

    assert client_does(network(), body)


def test_a_handler_runs_when_the_lookup_is_over():
    """As in CPython: glibc's poll starts again, and the handler runs once getaddrinfo has returned."""

    def body():
        seen = []
        signal.signal(signal.SIGALRM, lambda *_: seen.append(time.monotonic()))
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 1)
        found = timed(lambda: v4("web"))
        return found, [round(one - began, 2) for one in seen]

    assert client_does(network(drop_next="1"), body) == ((["10.0.0.2"], 5020.0), [5.02])


def test_a_signal_that_kills_does_so_at_once():
    def body():
        threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
        v4("web")

    net = network(drop_next="1")
    net.hosts["client"].start(body)
    outcome = net.run(check=False)
    assert outcome.processes[0].status == -signal.SIGKILL
    assert 10**9 <= outcome.virtual_ns < 1.01 * 10**9


# The same again.


def hashes(seed=5, server=True, **words):
    net = network(seed, server, **words)
    sink = HashSink()
    net.tracer.add(sink)
    client_does(net, lambda: [timed(lambda: socket.getaddrinfo("web", 80)) for _ in range(5)])
    return sink.result()


def test_the_same_seed_is_the_same_run():
    assert hashes(drop="30%") == hashes(drop="30%")
    assert hashes(drop="30%") != hashes(6, drop="30%")


def test_faults_that_never_happen_change_nothing():
    assert hashes() == hashes(
        drop="0%", servfail="0%", nxdomain="0%", wrong="0%", delay="0s", drop_next="0", slow="0%:1s"
    )


def test_attached_programs_load_no_dns_library():
    code = "import farhost.programs.attached.stand_ins, sys; print('dns' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
