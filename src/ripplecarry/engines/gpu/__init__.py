"""Many runs of one shape at once on a GPU, with Triton."""
