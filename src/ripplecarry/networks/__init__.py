"""Recurrent networks: their parameters, and how one position is computed."""
