"""Recurrent networks: what they hold, and how they are computed one position at a time."""
