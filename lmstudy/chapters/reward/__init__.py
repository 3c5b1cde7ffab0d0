"""Of the chapter notebooks/12_reward."""
