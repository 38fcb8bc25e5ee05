"""What people and programs read of a run: Markdown, JSON and outputs. Pure."""
