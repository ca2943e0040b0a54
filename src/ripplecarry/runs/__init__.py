"""Trials, their runs, and the store that keeps them."""
