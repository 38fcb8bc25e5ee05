"""Front door 1: a step of a workflow."""
