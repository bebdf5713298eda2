"""What a scenario must come to, worked out from the contract alone: a second, plain reading of every clause.

Nothing here imports product code. It keeps no table, makes no call and saves no work: it walks the timeline, asks
what AWS Health shows, what central has read, and what a gate would then answer.
"""
