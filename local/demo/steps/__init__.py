"""One function for each thing that the demo shows."""
