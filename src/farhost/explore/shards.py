"""What an exploration came to, as plain values: for `--format json`, and for putting shards together."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FORMAT = 1


class Failing(NamedTuple):
    """One sort of failure."""

    seed: int
    kind: str
    message: str
    signature: tuple[str, ...]
    times: int
    """How many of the runs failed so."""
    headline: str = ""
    """Its faults in words."""
    faults: tuple[tuple[str, str, int], ...] = ()
    """(kind, place, size) of those that are left."""
    replay: str = ""
    """The replay file's text."""
    file: str = ""
    """Where that was written."""


class Summary(NamedTuple):
    """An exploration, or several put together."""

    scenario: Mapping[str, Any]
    strategy: str
    faults: tuple[str, ...]
    seeds: tuple[int, int, int]
    """The first, the end, the step."""
    done: int
    complete: bool
    elapsed_s: float
    failures: tuple[Failing, ...]


class MergeError(ValueError):
    """Results that do not belong together, or are none; the message names the file."""


def summary_as_json(summary: Summary) -> dict[str, Any]:
    """What `summary_of` reads."""
    found = {"farhost_explore": FORMAT, **summary._asdict()}
    found["failures"] = [failing._asdict() for failing in summary.failures]
    return found


def summary_of(value: object, where: str) -> Summary:
    """A summary of its JSON. MergeError."""
    if not isinstance(value, dict) or value.get("farhost_explore") != FORMAT:
        raise MergeError(f"{where}: it is no result of `farhost explore --format json`")
    try:
        fields = {key: value[key] for key in Summary._fields}
        failures = tuple(Failing(**_failing(one)) for one in fields.pop("failures"))
        fields["faults"], fields["seeds"] = tuple(fields["faults"]), tuple(fields["seeds"])
    except (KeyError, TypeError) as error:
        raise MergeError(f"{where}: it is no whole result: {error}") from None
    return Summary(**fields, failures=failures)


def _failing(value: Mapping[str, Any]) -> dict[str, Any]:
    signature = tuple(value["signature"])
    return {**value, "signature": signature, "faults": tuple((k, p, s) for k, p, s in value["faults"])}


def merge(summaries: Sequence[tuple[str, Summary]]) -> Summary:
    """Several, each with its file's name, as one. MergeError where they explored different things."""
    first_name, first = summaries[0]
    kinds: dict[tuple[str, ...], Failing] = {}
    for name, one in summaries:
        for field in ("scenario", "strategy", "faults"):
            if getattr(one, field) != getattr(first, field):
                raise MergeError(f"{name}: its {field} is not that of {first_name}: these are different explorations")
        for failing in one.failures:
            seen = kinds.get(failing.signature)
            if seen is None:
                kinds[failing.signature] = failing
            else:
                earlier = min(seen, failing, key=lambda each: each.seed)
                kinds[failing.signature] = earlier._replace(times=seen.times + failing.times)
    starts, stops, _ = zip(*(one.seeds for _, one in summaries))
    step = 1 if len(summaries) > 1 else first.seeds[2]
    return first._replace(
        seeds=(min(starts), max(stops), step),
        done=sum(one.done for _, one in summaries),
        complete=all(one.complete for _, one in summaries),
        elapsed_s=sum(one.elapsed_s for _, one in summaries),
        failures=tuple(sorted(kinds.values(), key=lambda each: each.seed)),
    )
