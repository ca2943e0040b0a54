"""The questions, one per file, and loading users' study files."""
