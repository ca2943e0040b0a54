"""Training, written once over any engine."""
