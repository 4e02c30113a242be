"""The libraries' scripts are programs of the scenarios, and no modules to look for doctests in."""

collect_ignore = ["libraries"]
