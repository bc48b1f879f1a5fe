"""Stage `evaluate`: a model's accuracy on held-out problems, with intervals and baselines (paper section 8)."""
