"""Stage `decontaminate`: which grams and which benchmarks remove a training text (paper 2.1)."""
