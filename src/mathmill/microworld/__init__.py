"""Stage `microworld`: the embedded default: sizes and shares of the small synthetic web."""
