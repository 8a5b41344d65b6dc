"""How records are found, and in which order."""
