"""What a kernel may do to a call that a program did not expect: one file a fault, and a table of them."""
