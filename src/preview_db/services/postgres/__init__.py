"""The database itself: whether one can log in to it."""
