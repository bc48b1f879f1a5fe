"""What every stage shares: composition, stage entries, the shard engine, fingerprints, tracking."""
