"""The file formats: each turns the bytes of one kind of file into the text and the facts of its articles."""
