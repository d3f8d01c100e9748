"""The ports on DynamoDB: four tables, parted by who may touch them and for how long they matter.

Bottom up: `attributes` knows values, `connection` sends one request until it is
answered, `update` writes expressions, `grant_item`, `tallies` and `approval_items` say what one
item looks like, `blobs` spreads bytes over several; above them one module for each port, and
`store` that bundles them. Every request of this package may be sent twice without harm: that is
what makes retries safe, and each write says how.
"""
