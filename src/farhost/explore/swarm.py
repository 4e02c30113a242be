"""Which faults each seed of an exploration is given, and how strong they are: its strategy.

random   every fault of the profile, as strong as the profile says
swarm    a random half of them, each weaker or stronger than the profile says, or as it says
pct      every thread has a priority, drawn anew now and then (`pct=100%`); threads lose the processor as often as the
         profile says, and everything else is weak

Swarm testing: a seed with few sorts of faults, but many of them, gets into corners that an even mixture of all never
gets into (Groce et al., "Swarm Testing", ISSTA 2012). PCT: which of the threads that can go on does so is what many
bugs take (Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
What a seed is given depends on the seed and on the words alone, never on other seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from farhost.network.faults.setting import Ratio, Setting
from farhost.programs.timed_faults.table import TIMED_FAULTS
from farhost.scenario.faults import Said, every_fault, parse_faults, said_words
from farhost.sim.choices import Choices

INTENSITIES = (Fraction(1, 4), Fraction(1), Fraction(4))
"""By which a probability is multiplied."""
SIZES = (Fraction(1, 4), Fraction(1))
"""By which the largest size is multiplied: never beyond the profile's, which says what a program has to bear."""
MOST: Ratio = (1, 2)
"""A fault that was stronger makes no progress possible; a probability that the profile itself says may be higher.
What happens at a time happens once to each host or link, and may be certain."""
_PRIORITIES = ("", "pct", "100%")
_KEPT = ("pct", "preempt")
"""What is as the profile says beside priorities of threads; late wake-ups by chance would hide those."""
_WEAK = Fraction(1, 4)


def swarm(words: Sequence[str], seed: int) -> tuple[str, ...]:
    """A random half of the faults, at least one, with random strengths.

    >>> swarm(["loss=2%", "reorder=4%", "pause=1%:1s"], 1) == swarm(["loss=2%", "reorder=4%", "pause=1%:1s"], 1)
    True
    """
    said = parse_faults(words).said
    if not said:
        return ()
    choices = Choices(seed)
    chosen = [one for one in said if choices.draw("swarm", _name(one), 2)]
    chosen = chosen or [said[choices.draw("swarm", "one at least", len(said))]]
    return said_words(_scaled(one, *_strength(choices, _name(one))) for one in chosen)


def _strength(choices: Choices, name: str) -> tuple[Fraction, Fraction]:
    """Of the probability, and of the size."""
    intensity = INTENSITIES[choices.draw("swarm intensity", name, len(INTENSITIES))]
    return intensity, SIZES[choices.draw("swarm size", name, len(SIZES))]


def pct(words: Sequence[str], seed: int) -> tuple[str, ...]:
    """The order of threads and programs above all; nothing where there are no words."""
    said = parse_faults(words).said
    if not said:
        return ()
    given = [each if each[1] in _KEPT else _scaled(each, _WEAK, Fraction(1)) for each in said]
    if not any(word == "pct" for _, word, _ in said):
        given.append(_PRIORITIES)
    return said_words(given)


def every(words: Sequence[str], seed: int) -> tuple[str, ...]:
    """The words as they are."""
    return tuple(words)


STRATEGIES: Mapping[str, Callable[[Sequence[str], int], tuple[str, ...]]] = {
    "random": every,
    "swarm": swarm,
    "pct": pct,
}
"""What a seed is given, by the strategy's name."""


def orders_for(strategy: str, words: Sequence[str], seed: int) -> tuple[str, ...]:
    """The faults of one seed, in words (`Orders.faults`). ValueError for a strategy that there is not; UnitError for
    a word.

    >>> orders_for("random", ["loss=2%"], 7)
    ('loss=2%',)
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"no strategy {strategy!r}: there are {', '.join(STRATEGIES)}")
    return STRATEGIES[strategy](words, seed)


def _name(said: Said) -> str:
    where, word, _ = said
    return f"{where}: {word}" if where else word


def _scaled(said: Said, intensity: Fraction, size: Fraction) -> Said:
    """The same fault, with another probability and another largest size; one that is no matter of chance (`drop`,
    `blackhole`) as it is."""
    where, word, value = said
    if "%" not in value:
        return said
    fault = every_fault()[word]
    setting = fault.parse(value)
    most = Fraction(1) if word in TIMED_FAULTS else Fraction(*MOST)
    return where, word, fault.format(_scale(setting, intensity, size, most))


def _scale(setting: Setting, intensity: Fraction, size: Fraction, most: Fraction) -> Setting:
    given = Fraction(*setting.ratio)
    ratio = min(given * intensity, max(given, most))
    return setting._replace(
        ratio=(ratio.numerator, ratio.denominator), size=max(1, int(setting.size * size)) if setting.size else 0
    )
