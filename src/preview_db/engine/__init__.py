"""Does what was decided: observes, plans, applies. Never writes Markdown."""
