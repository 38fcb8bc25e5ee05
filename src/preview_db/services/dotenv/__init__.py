"""A file of environment variables in the workspace."""
