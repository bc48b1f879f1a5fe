"""Rewards: the answer verifier, one function for training rewards and for evaluation (paper 4.1, 5.2.1)."""
