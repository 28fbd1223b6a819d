"""The browser face: shows what `rag` answers; retrieves, prompts and parses nothing itself."""
