"""Exact answers about what a policy allows: how two policies differ, whether a claim holds.

`diff` and `prove` turn rules into questions (`questions`, `demands`) and look for calls that answer
them in a certain way (`search`). What can stand at one place of a call falls into finitely many
classes that no question tells apart (`space`): `numbers`, `texts` over `machines`, and `lists` make
an example of each; `places` puts them together into calls, and `tools` says which tools to look at.
Every call that is shown has been decided by compiler.meaning first (`witness`). Must not know
files, commands or tables.
"""
