"""Questions asked of vectors or of an embedder that is handed in."""
