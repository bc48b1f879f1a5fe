"""Stage `reward`: the answer verifier (paper 4, 5.2)."""
