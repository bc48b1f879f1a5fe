"""Stage `pretrain`: (continued) pre-training: model, mixture, optimiser and budget of every run (paper 2.2, 2.3)."""
