"""A policy for people: what it says, and what it does with one call.

`phrases` are the words for conditions and limits, `sentences` the whole policy; `trace` is what a
call's conditions found, `account` tells it beside the decision, which comes from `meaning`. Must
not know tallies, files or commands.
"""
