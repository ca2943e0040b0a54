"""The verbs: one function each, called by the command line and offered by `import ripplecarry`."""
