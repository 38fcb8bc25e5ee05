"""How long things take, beside what they are compared with."""
