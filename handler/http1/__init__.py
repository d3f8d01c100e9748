"""HTTP/1.1 as a client speaks it over blocking sockets: no retry, no redirect, no proxy.

Must not know AWS, MCP or who asks. Loading a client takes longer than all else that a cold start
loads, and clients forgive what has two readings; here such an answer is no answer.
"""
