"""Proofs of exactness at every length, their independent check, and counterexamples."""
