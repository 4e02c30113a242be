"""What a panel of the page is: static HTML, and data for the script that makes it richer."""

import base64
import zlib
from typing import NamedTuple

from markupsafe import Markup

from farhost.report.json_text import json_bytes


class Panel(NamedTuple):
    """One section of the page."""

    name: str
    """Its id is `panel-NAME`; its script, if it has one, is `assets/NAME.js`, its style `assets/NAME.css`."""
    title: str
    body: Markup
    """HTML that is complete without JavaScript: text and static SVG."""
    data: object = None
    """What its script gets: numbers, text, lists and dicts of them. None: nothing."""
    help: str = ""
    """One sentence or two on how to read it."""


def pack(value: object) -> str:
    """A value as JSON, deflated, in base64: what `farhost.unpack` of page.js reads."""
    return base64.b64encode(zlib.compress(json_bytes(value), 6)).decode("ascii")
