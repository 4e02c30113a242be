"""A true time axis on which idle gaps are folded: moments that follow closely are kept apart, long pauses are short.

Between two neighbouring moments time runs evenly. How much room a pause gets is its length times the scale, but at
least and at most so much; a pause that would need more is folded, which who draws it must say.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Fold(NamedTuple):
    """A pause that is drawn shorter than it was."""

    start: float
    """Where on the axis."""
    end: float
    start_ns: int
    end_ns: int


class TimeAxis:
    """Where times are on an axis, which may be read in both directions (`breakpoints`)."""

    __slots__ = ("_places", "_times", "folds")

    def __init__(self, times: Sequence[int], places: Sequence[float], folds: Sequence[Fold]) -> None:
        """`times`: sorted, each once, in ns; `places`: where each of them is."""
        self._times = times
        self._places = places
        self.folds = folds

    @classmethod
    def of(
        cls,
        times: Iterable[int],
        *,
        scale_per_ms: float = 4,
        smallest: float = 4,
        largest: float = 60,
        start: float = 0,
    ) -> "TimeAxis":
        """An axis for these moments, in units of a picture.

        >>> axis = TimeAxis.of([0, 1_000, 10_000_000, 50_000_000], scale_per_ms=2)
        >>> [round(axis.at(time_ns), 2) for time_ns in (0, 1_000, 10_000_000, 30_000_000, 50_000_000)]
        [0.0, 4.0, 24.0, 54.0, 84.0]
        >>> [(fold.start_ns, fold.end_ns) for fold in axis.folds]
        [(10000000, 50000000)]
        """
        builder = AxisBuilder(scale_per_ms=scale_per_ms, smallest=smallest, largest=largest, start=start)
        for moment_ns in sorted(set(times)):
            builder.add(moment_ns)
        return builder.axis()

    @property
    def size(self) -> float:
        """How long it is."""
        return self._places[-1] - self._places[0] if self._places else 0.0

    def at(self, time_ns: int) -> float:
        """Where a time is; before the first moment and after the last: where these are."""
        times, places = self._times, self._places
        index = bisect_right(times, time_ns)
        if index == 0:
            return places[0] if places else 0.0
        if index == len(times):
            return places[-1]
        span = times[index] - times[index - 1]
        share = (time_ns - times[index - 1]) / span
        return places[index - 1] + share * (places[index] - places[index - 1])

    def breakpoints(self) -> tuple[list[int], list[float]]:
        """Times in ns and their places: between two of them time runs evenly (for page.js's `farhost.axis`)."""
        return list(self._times), [round(place, 1) for place in self._places]


class AxisBuilder:
    """Makes an axis moment by moment, for who knows only on the way where the next one may be at the earliest."""

    __slots__ = ("_folds", "_largest", "_places", "_scale", "_smallest", "_start", "_times")

    def __init__(self, *, scale_per_ms: float, smallest: float, largest: float, start: float = 0) -> None:
        self._scale = scale_per_ms / 1_000_000
        self._smallest = smallest
        self._largest = largest
        self._start = float(start)
        self._times: list[int] = []
        self._places: list[float] = []
        self._folds: list[Fold] = []

    def add(self, time_ns: int, least: float = 0) -> float:
        """The next moment, later than the one before; where it is: not before `least`."""
        if not self._times:
            place = max(self._start, least)
        else:
            before_ns, before = self._times[-1], self._places[-1]
            wanted = (time_ns - before_ns) * self._scale
            if wanted < self._smallest:
                place = before + self._smallest
            elif wanted > self._largest:
                place = before + self._largest
            else:
                place = before + wanted
            if place < least:
                place = least
            if wanted > self._largest and wanted > place - before:
                self._folds.append(Fold(before, place, before_ns, time_ns))
        self._times.append(time_ns)
        self._places.append(place)
        return place

    def axis(self) -> TimeAxis:
        """What has come of it."""
        return TimeAxis(self._times, self._places, self._folds)
