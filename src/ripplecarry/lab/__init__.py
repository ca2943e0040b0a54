"""Declares what is run, runs it and keeps it."""
