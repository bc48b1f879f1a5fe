"""Stage `evaluate`: which benchmarks, how many samples, how they are decoded."""
