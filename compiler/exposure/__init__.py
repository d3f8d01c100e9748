"""The worst that a policy lets happen: calls and amounts in each window.

Never less than what can happen, sometimes more: whatever is not understood bounds nothing.
`overlap` counts windows in windows, `ranges` says what an argument can be, `bounds` puts limits and
ranges together for one entry, `whole` for the policy; `listing` is for people and programs.
Must not know what was taken before.
"""
