"""The page as a whole: its contents, names of controls, what explains it, and that it needs nothing from anywhere."""

import functools
import re
from html.parser import HTMLParser

import pytest
from recorded import failing, lossy

from farhost.report.html.lane_drawing import SIGNS
from farhost.report.html.page import PANELS, report_html
from farhost.report.recording.facts import RunFacts
from farhost.report.recording.store import RecordedRun

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Reader(HTMLParser):
    """Elements with their attributes and text, and whether each is closed where it should be."""

    def __init__(self):
        super().__init__()
        self.elements = []
        self._open = []

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_endtag(self, tag):
        if self._open and self._open[-1]["tag"] != tag and self._open[-1]["tag"] in ("p", "li", "td", "th", "tr"):
            self._open.pop()
        assert self._open and self._open[-1]["tag"] == tag, (tag, [one["tag"] for one in self._open], self.getpos())
        self._open.pop()

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data


@functools.cache
def page(run):
    return report_html({"failing": failing, "lossy": lossy}[run]())


@functools.cache
def elements(run):
    reader = Reader()
    reader.feed(page(run))
    return reader.elements


RUNS = pytest.mark.parametrize("run", ["failing", "lossy"])


@RUNS
def test_the_contents_lead_to_every_panel(run):
    sections = [one["id"] for one in elements(run) if one["tag"] == "section"]
    links = [
        one["href"][1:] for one in elements(run) if one["tag"] == "a" and one.get("href", "").startswith("#panel-")
    ]
    assert links == ["panel-verdict", *sections] and len(sections) == len(PANELS)


@RUNS
def test_ids_are_there_once_and_titles_are_found(run):
    ids = [one["id"] for one in elements(run) if "id" in one]
    assert sorted(ids) == sorted(set(ids))
    for one in elements(run):
        if "aria-labelledby" in one:
            assert one["aria-labelledby"] in ids


@RUNS
def test_every_control_has_a_name(run):
    for one in elements(run):
        if one["tag"] in ("button", "a"):
            assert one["text"].strip() or one.get("aria-label"), one
        elif one["tag"] == "input":
            assert one.get("aria-label"), one


@RUNS
def test_nothing_comes_from_elsewhere(run):
    for one in elements(run):
        for name in ("src", "href", "action", "data", "poster"):
            assert not re.match(r"(?:[a-z]+:)?//|[a-z]+:", one.get(name) or ""), one
        assert not [name for name in one if name.startswith("on")], one
    assert "@import" not in page(run)


def test_the_page_is_the_same_every_time():
    assert report_html(failing()) == page("failing")


def test_what_the_signs_mean_is_said():
    text = page("failing")
    legend = text[text.index('<details class="how-to-read">') :]
    legend = legend[: legend.index("</details>")]
    for sign in SIGNS.values():
        assert sign in legend, sign
    assert "hatched: it waited" in legend and "Home" in legend


def test_a_run_without_anything_has_a_page():
    text = report_html(RecordedRun(RunFacts("passed", True, "", 7, 0), []))
    Reader().feed(text)
    assert "There are no events." in text and "No fault struck." in text
