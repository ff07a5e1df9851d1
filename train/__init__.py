"""Training, evaluation and publishing of the networks: one stage a file, each with `python -m train.<stage> --help`."""
