"""A real PostgreSQL server behind the stand-ins."""
