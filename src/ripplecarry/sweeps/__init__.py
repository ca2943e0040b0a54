"""Executing runs: one, many, on several workers."""
