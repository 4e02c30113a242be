"""How often the client may ask."""

from farhost import always


@always
def attempts_are_few(run):
    """Five questions, and a few that are repeated."""
    return run.calls("client", "connect") <= 25
