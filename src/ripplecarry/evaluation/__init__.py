"""How often a network is right, and how certain that is."""
