"""A filter in front of a reader of the trace."""

from farhost.report.filters.names import Names
from farhost.report.filters.parser import parse
from farhost.report.filters.sights import Sights
from farhost.trace.events import Event


class EventFilter:
    """Says of each event whether a filter's text means it: a `farhost.trace.sinks.Keep`.

    It must be asked about every event of a run, in their order, as it follows descriptors.
    """

    def __init__(self, text: str, names: Names) -> None:
        """FilterError for a text that cannot be understood."""
        self._test = parse(text, names)
        self._sights = Sights(names.hosts)

    def __call__(self, event: Event) -> bool:
        """Whether it is meant."""
        return self._test(self._sights.sight(event))
