"""CloudFormation as strict as AWS's, on moto's stacks.

``strict.strict_stacks`` is what a simulator enters; ``template`` and ``parameters`` are the checks before anything
is made, ``kinds`` and its neighbours the resource types that moto lacks or gets wrong.
"""
