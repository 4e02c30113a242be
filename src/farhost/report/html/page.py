"""The page: panels in their order, styles, scripts and data, in one file that needs nothing from anywhere."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from farhost.report.html import faults, lanes, plots, ribbon, sequence, sockets, timesequence, verdict
from farhost.report.html.panel import Panel, pack
from farhost.report.json_text import in_utf8
from farhost.report.recording.store import RecordedRun
from farhost.report.recording.uncollected import without_collections
from farhost.report.recording.whole_file import whole_file
from farhost.report.story.story import Story, story_of

PANELS: tuple[Callable[[Story], Panel], ...] = (
    verdict.panel,
    sequence.panel,
    ribbon.panel,
    timesequence.panel,
    plots.panel,
    lanes.panel,
    faults.panel,
    sockets.panel,
)
"""In the order in which they stand on the page: a new panel is a module beside this one, and a row here."""
_SHORT_NAMES = {
    "verdict": "Verdict",
    "sequence": "Sequence",
    "ribbon": "Bytes",
    "timesequence": "Time and sequence",
    "plots": "Plots",
    "lanes": "Calls",
    "faults": "Faults",
    "sockets": "Sockets",
}
"""In the contents, where titles have no room."""
_ASSETS = files("farhost.report.html") / "assets"


def write_report(run: RecordedRun, path: Path) -> None:
    """Write the report of a run; whole, or not at all. OSError."""
    with whole_file(path) as output:
        output.write(report_html(run).encode())


def report_html(run: RecordedRun) -> str:
    """The report of a run: the same text every time, which UTF-8 can say."""
    with without_collections():
        return in_utf8(_render(story_of(run)))


def _render(story: Story) -> str:
    panels, packed = [], {}
    for make in PANELS:
        # What a panel carries is let go once it is packed: of a long run it is a hundred megabytes.
        panel = make(story)
        if panel.data is not None:
            packed[panel.name] = pack(panel.data)
        panels.append(panel._replace(data=None))
    environment = Environment(
        loader=PackageLoader("farhost.report.html", "assets"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        facts=story.facts,
        panels=panels,
        short_names=_SHORT_NAMES,
        story=story,
        styles=[_style("page.css"), _style("uplot/uPlot.min.css"), *_own(panels, "css")],
        scripts=[_script("uplot/uPlot.iife.min.js"), _script("page.js"), *_own(panels, "js")],
        packed=packed,
        page_data=pack(_page_data(story)),
    )


def _page_data(story: Story) -> dict[str, object]:
    """What the page itself needs: where the cursor stands first, and the moments that it can go to."""
    times = sorted({event.time_ns for event in story.events})
    return {
        "moment": story.moment_ns,
        "window": [story.window.start_ns, story.window.end_ns],
        "end": times[-1] if times else 0,
        "times": times,
    }


def _own(panels: list[Panel], ending: str) -> list[Markup]:
    """The styles or scripts of those panels that have one."""
    names = [f"{panel.name}.{ending}" for panel in panels]
    take = _style if ending == "css" else _script
    return [take(name) for name in names if (_ASSETS / name).is_file()]


def _style(name: str) -> Markup:
    return Markup((_ASSETS / name).read_text(encoding="utf-8"))


def _script(name: str) -> Markup:
    text = (_ASSETS / name).read_text(encoding="utf-8")
    assert "</script" not in text, name
    return Markup(text)
