"""How often the clients may try."""

from farhost import always


@always
def attempts_are_few(run):
    """Three uploads, and a few that are tried again."""
    return all(len(run.calls(client, "connect")) <= 12 for client in ("first", "second"))
