"""Many runs of one shape at once on a GPU, with Triton.

A program of a kernel works for one run: on a block of its batch through all positions, on a block of
positions and batch together, or on one matrix of its weights. No sum crosses programs, so a run's bits
depend on nothing around it. Every product has float32 operands; MULTIPLY says how Triton multiplies them,
"ieee" for full float32.
"""
