"""Engines: how a network is computed, behind one interface."""
