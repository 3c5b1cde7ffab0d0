"""What a model writes or answers: texts that a scorer can judge, answers that a task can."""
