"""SVG as text. Elements carry classes, whose colours are the page's style's, so that light and dark pages are one."""

from html import escape


def number(value: float) -> str:
    """A coordinate with at most one digit behind the point.

    >>> number(3.0), number(12.345)
    ('3', '12.3')
    """
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def text(x: float, y: float, content: str, kind: str = "", extra: str = "") -> str:
    """Words at a point; `kind`: classes, `extra`: further attributes, already escaped."""
    return f'<text x="{number(x)}" y="{number(y)}"{_class(kind)}{_extra(extra)}>{escape(content, quote=False)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "", extra: str = "") -> str:
    """A straight line."""
    ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
    return f"<line {ends}{_class(kind)}{_extra(extra)}/>"


def rectangle(
    x: float, y: float, width: float, height: float, kind: str = "", extra: str = "", title: str = ""
) -> str:
    """A rectangle; `title`: what a pointer over it shows."""
    size = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    if title:
        return f"<rect {size}{_class(kind)}{_extra(extra)}><title>{escape(title, quote=False)}</title></rect>"
    return f"<rect {size}{_class(kind)}{_extra(extra)}/>"


def group(content: str, kind: str = "", extra: str = "", title: str = "") -> str:
    """Elements together; `title`: what a pointer over them shows."""
    told = f"<title>{escape(title, quote=False)}</title>" if title else ""
    return f"<g{_class(kind)}{_extra(extra)}>{told}{content}</g>"


def drawing(width: float, height: float, content: str, label: str, kind: str = "", extra: str = "") -> str:
    """A whole picture; `label`: what it is, for those who do not see it."""
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    return f'<svg role="img" aria-label="{escape(label)}" {size}{_class(kind)}{_extra(extra)}>{content}</svg>'


def drawing_of_part(width: float, top: float, bottom: float, content: str, label: str, kind: str = "") -> str:
    """What lies between two heights of a picture that is larger."""
    height = number(bottom - top)
    size = f'width="{number(width)}" height="{height}" viewBox="0 {number(top)} {number(width)} {height}"'
    return f'<svg role="img" aria-label="{escape(label)}" {size}{_class(kind)}>{content}</svg>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _extra(extra: str) -> str:
    return f" {extra}" if extra else ""
