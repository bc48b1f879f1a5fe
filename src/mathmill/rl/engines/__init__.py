"""Who samples the rollouts: the policy itself, or a vLLM engine that is given its weights after each update."""
