"""What a resolver hands out: queries with ids by chance, servers in order or in turn."""

from farhost.network.network import Network


def ids(exchange):
    return [int.from_bytes(query[:2], "big") for query in exchange.queries]


def client(seed=1, words=""):
    network = Network(seed)
    for name in ("ns", "ns2"):
        network.name_server(network.host(name), {})
    return network.host("client", resolver=words)


def test_ids_come_from_the_seed_and_differ():
    exchanges = [client(seed).resolver.getaddrinfo("a.test", None) for seed in (1, 1, 2)]
    assert ids(exchanges[0]) == ids(exchanges[1]) != ids(exchanges[2])
    assert len(set(ids(exchanges[0]))) == 2
    resolver = client().resolver
    again = [ids(resolver.getaddrinfo("a.test", None)) for _ in range(3)]
    assert len({tuple(one) for one in again}) == 3


def test_an_id_is_about_its_question():
    plain, other = client().resolver, client().resolver
    other.getaddrinfo("b.test", None)
    assert ids(plain.getaddrinfo("a.test", None)) == ids(other.getaddrinfo("a.test", None))


def test_two_queries_for_both_families_and_one_for_one():
    resolver = client().resolver
    assert [len(resolver.getaddrinfo("a.test", None, family).queries) for family in (0, 2, 10)] == [2, 1, 1]


def test_servers_have_their_time_and_attempts():
    exchange = client(words="timeout=2s attempts=3").resolver.gethostbyname("a.test")
    assert [(server.address[-1], server.timeout_ns) for server in exchange.servers] == [
        (1, 2 * 10**9),
        (2, 2 * 10**9),
    ]
    assert exchange.attempts == 3


def test_servers_take_turns_if_told_to():
    steady, turning = client().resolver, client(words="rotate=on").resolver
    assert {steady.gethostbyname(f"{n}.test").servers[0].address[-1] for n in range(4)} == {1}
    firsts = [turning.gethostbyname(f"{n}.test").servers[0].address[-1] for n in range(4)]
    assert firsts in ([1, 2, 1, 2], [2, 1, 2, 1])


def test_nobody_named_is_this_host_itself():
    network = Network()
    host = network.host("a", resolver="nameservers=127.0.0.1")
    assert host.resolver.gethostbyname("b").servers[0].address == bytes((127, 0, 0, 1))
