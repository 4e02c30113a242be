"""Recorded runs: what is kept of a run, as values and as files, so that reports can be made of it later."""
