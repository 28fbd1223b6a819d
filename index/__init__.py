"""REMEMBER: articles in, ranked passages out. Knows no language model, no prompt, no screen."""
