"""The decision table: the program as compact bytes, read lazily, and a listing for people."""
