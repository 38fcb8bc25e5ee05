"""The world outside. Its packages never import each other."""
