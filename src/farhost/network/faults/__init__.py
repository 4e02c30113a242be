"""What a link may do to a packet beside carrying it: one file a fault, and a table of them."""
