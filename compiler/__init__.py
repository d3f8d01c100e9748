"""policy.json in, a decision table out. Standard library only; must not know the handler.

The modules in the order the data takes: source, parse, check, lower, table, artifact; `meaning`
beside them says, straight from the parsed policy, what every engine must answer.
"""
