"""The paper's comparisons over seeds: which runs, which pairs, and the table with intervals."""
