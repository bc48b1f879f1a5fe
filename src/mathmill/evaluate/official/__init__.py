"""Grading that agrees with the paper's own evaluation code (paper 8.2, 8.3), its quirks included, in our own code."""
