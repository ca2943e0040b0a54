"""Engines: ways of computing a network, with one interface."""
