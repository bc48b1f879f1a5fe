"""Stage `compose`: conf/ and overrides.yaml to params.yaml, resolved, typed and range-checked."""
