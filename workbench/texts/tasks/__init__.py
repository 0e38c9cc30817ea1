"""What an embedder is evaluated on, read from files, pasted text and the built-in sets."""
