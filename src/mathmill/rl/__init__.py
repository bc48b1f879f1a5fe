"""Stage `rl`: reinforcement learning from the verifier's reward (paper 4.1, 5.2)."""
