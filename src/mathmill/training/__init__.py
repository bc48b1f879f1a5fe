"""What the training phases share: models, schedules, the Lightning trainer, exact resume, the prompt template."""
