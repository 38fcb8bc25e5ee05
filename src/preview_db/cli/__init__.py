"""Front door 2: a terminal."""
