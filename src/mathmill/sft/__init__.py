"""Stage `sft`: instruction tuning (paper 3)."""
