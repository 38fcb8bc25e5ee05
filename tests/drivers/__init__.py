"""Whoever acts in a test: a pull request and its workflow runs, a person at a terminal, an emulator, a server that lies."""
