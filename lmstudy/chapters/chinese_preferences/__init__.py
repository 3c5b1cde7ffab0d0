"""Of the chapter notebooks/17_chinese_preferences."""
