"""The programs of the corpus are programs, and no modules to look for doctests in."""

collect_ignore_glob = ["*/*.py"]
