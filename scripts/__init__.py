"""What the Makefile runs: the demonstration, and what a release needs."""
