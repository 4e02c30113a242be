"""What a program sees: its process and threads, the trap, its private world, the stand-ins at the C boundary."""
