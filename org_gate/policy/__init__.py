"""What the organization wants: the policy's model, its YAML with the place of every value, its JSON Schema.

Says nothing about what a rule does to a deployment: that is ``decision``. Reaches no SDK and no environment.
"""
