"""What a program sees: its process and threads, the trap, its private world of modules, the stand-ins at the C boundary."""
