"""Integers, digits, operands and the tasks defined on them; NumPy only, never torch."""
