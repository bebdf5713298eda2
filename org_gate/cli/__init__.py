"""The command line ``org-gate``: one module per command. Exit codes and formats are C1's."""
