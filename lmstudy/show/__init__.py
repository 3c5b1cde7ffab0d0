"""What more than one chapter draws, tabulates or quotes."""
