"""Looking before waiting, on a clock of the test's own."""

from farhost.kernel.syscalls.spin import LOOKS, REST_NS, SLOW_NS, STRIKES, Spin


class Machine:
    """A processor: a look takes `look_ns`, giving way takes `away_ns`, and something comes after so many looks."""

    def __init__(self, look_ns=300, away_ns=300):
        self.now_ns = 0
        self.look_ns, self.away_ns = look_ns, away_ns
        self.looks = self.gave_way = 0
        self.comes_after = LOOKS * 10
        self.spin = Spin(self.look, self.give_way, lambda: self.now_ns)

    def look(self):
        self.looks += 1
        self.now_ns += self.look_ns
        return self.looks > self.comes_after

    def give_way(self):
        self.gave_way += 1
        self.now_ns += self.away_ns

    def wait(self, comes_after):
        """How often it looked, and whether it found something."""
        self.looks, self.comes_after = 0, comes_after
        return self.looks, self.spin(), self.looks


def test_what_is_there_is_found_with_one_look():
    machine = Machine()
    assert machine.wait(0) == (0, True, 1)
    assert machine.gave_way == 0


def test_what_comes_soon_is_found_and_the_processor_is_offered_between_looks():
    machine = Machine()
    assert machine.wait(7) == (0, True, 8)
    assert machine.gave_way == 7


def test_it_ends_when_nothing_comes():
    machine = Machine()
    for _ in range(10):
        assert machine.wait(LOOKS * 10) == (0, False, LOOKS + 1)


def test_where_others_want_the_processor_it_rests_and_tries_again():
    machine = Machine(away_ns=SLOW_NS)
    for _ in range(STRIKES // 2):
        assert machine.wait(5) == (0, True, 6)
    assert machine.wait(5) == (0, False, 1)
    machine.now_ns += REST_NS
    assert machine.wait(5) == (0, True, 6)


def test_accidents_do_not_add_up():
    machine = Machine()
    for _ in range(STRIKES * 3):
        machine.away_ns = SLOW_NS * 10
        assert machine.wait(1) == (0, True, 2)
        machine.away_ns = 300
        for _ in range(2):
            assert machine.wait(5) == (0, True, 6)
