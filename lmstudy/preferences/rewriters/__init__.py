"""Rewriters: a document with bad segments in, a repaired one out. Scorers name theirs (`Scorer.rewriter`)."""
