"""Stage `reward`: the answer verifier, the program sandbox, outcome and process reward models (paper 4.1, 5.2.1)."""
