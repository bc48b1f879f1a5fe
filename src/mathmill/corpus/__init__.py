"""Stage `corpus`: the rounds that find mathematical pages: classifier, cut, host rule, seed growth (paper 2.1)."""
