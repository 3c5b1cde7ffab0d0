"""The book's claims, a file for each chapter; every module here is read by `claims.all_claims`."""
