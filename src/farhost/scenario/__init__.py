"""A run in words: programs, hosts, links, names, what happens when, faults; what the command line and files say."""
