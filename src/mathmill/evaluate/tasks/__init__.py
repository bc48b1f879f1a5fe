"""The benchmarks of the paper (8.1), a file each: the rows, the prompts and the check of the answers together."""
