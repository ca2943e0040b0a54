"""How far a long call is, told to whoever watches."""
