"""Figures, the report of a sweep, and a run's page."""
