"""The words of every language: sentences, numbers, translated findings."""
