"""Text <-> integers: files, tokens, vocabularies, tags, batches."""
