"""The terminal behind front door 2: where one stands, what a command does, and how it is answered."""
