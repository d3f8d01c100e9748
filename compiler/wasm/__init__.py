"""A policy as a WebAssembly module: one fixed runtime, and the policy as its data.

`runtime` is written in a small part of Python that `translate` turns into functions, `emit` lays
the program out as data, `encode` writes the binary format. No other tool takes part. Must not know
policy text or engines that run modules.
"""
