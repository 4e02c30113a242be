"""Many runs of one thing: which seed breaks it, which faults that takes, and a file that shows it again."""
