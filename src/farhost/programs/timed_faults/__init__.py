"""What befalls hosts, programs and links at some time of a run: one file a fault, and a table of them."""
