"""Web pages from WARC files: decoded text with its formulas, without copies (paper section 2.1)."""
