"""What the tests of functions in place share."""

from farhost import Network


def run_on(*functions, hosts=None, until="1h", seed=1, link=None, **options):
    """Run functions, each on a host of its own unless `hosts` names them; the Programs."""
    network = Network(seed)
    names = hosts or [f"host{number}" for number in range(1, len(functions) + 1)]
    for name in dict.fromkeys(names):
        network.host(name)
    network.link_all(**(link or {"delay": "10ms"}))
    programs = [network.hosts[name].start(function) for name, function in zip(names, functions)]
    for name, value in options.items():
        setattr(network, name, value)
    network.run(until)
    return programs


def result_of(function, **options):
    """What one function returns on a host of its own."""
    return run_on(function, **options)[0].result
