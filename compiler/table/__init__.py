"""The decision table: the program as compact bytes, read lazily, and a listing for people.

Must not know policy text, nor how a call is decided.
"""
