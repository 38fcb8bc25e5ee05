"""GitHub: the runner a step talks to, and the pull request it reports to."""
