"""Local stand-ins for the clouds, with a real PostgreSQL server behind them."""
