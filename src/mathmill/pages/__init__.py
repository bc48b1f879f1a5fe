"""Stage `pages`: WARC files to pages: where the crawl is, what is kept, how copies are found."""
