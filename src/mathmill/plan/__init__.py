"""What a configuration needs before it is run: memory of every rank, steps, operations, hours of GPUs."""
