"""Training: estimator, history, checkpoints, progress."""
