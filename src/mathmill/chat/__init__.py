"""Ask a trained model questions on the terminal: `python -m mathmill.chat MODEL`."""
