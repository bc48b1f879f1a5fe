"""Stage `tokens`: tokenizer and token shards."""
