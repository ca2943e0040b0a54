"""Many runs of one shape at once on a GPU, with Triton.

Each program of a kernel serves one run: a block of its batch through all positions, a block of
positions and batch together, or one of its weight matrices. No sum crosses programs, so a run's bits
do not depend on the other runs. Every product has float32 operands; MULTIPLY says how Triton multiplies
them, "ieee" meaning full float32.
"""
