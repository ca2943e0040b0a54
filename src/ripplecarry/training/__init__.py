"""Training, written once for every engine."""
