"""Of the chapter notebooks/16_post_training."""
