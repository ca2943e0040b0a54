"""The questions, one a file, and the study files of users."""
