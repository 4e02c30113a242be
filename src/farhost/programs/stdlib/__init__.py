"""Stand-ins for the C modules of the standard library, one file each, made afresh for every process."""
