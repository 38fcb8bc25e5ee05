"""What is asked, what happened and what follows from it. Pure: no I/O, no clock, no randomness."""
