"""Congestion controls, one file each behind one Protocol."""
