"""mathmill: from raw web pages to a mathematics model tuned with reinforcement learning."""
