"""How right a network is, and how sure one can be of it."""
