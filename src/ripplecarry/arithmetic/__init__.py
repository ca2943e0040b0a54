"""Integers, digits, operands and what is computed from them: NumPy, never torch."""
