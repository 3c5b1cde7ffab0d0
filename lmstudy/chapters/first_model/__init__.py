"""Of the chapter notebooks/02_first_encoder_decoder."""
