"""The topic that somebody may have meant."""

from difflib import get_close_matches

from farhost.report.hints.pages import TOPICS, names


def nearest(word: str) -> str:
    """The topic of nearly that name, or one that has the word in its name or in what it says; empty if none has.

    >>> nearest("partial-sent"), nearest("TIME-WAIT"), nearest("xyz")
    ('partial-send', 'address-in-use', '')
    """
    close = get_close_matches(word.lower(), names(), 1)
    if close:
        return close[0]
    having = [topic.name for topic in TOPICS if word.lower() in f"{topic.name} {topic.hint}".lower()]
    return having[0] if having else ""
