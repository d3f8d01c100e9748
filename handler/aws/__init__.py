"""Talking to AWS without its SDK: what every tool call waits for, and what a cold start loads.

Must not know what is asked of which service.
"""
