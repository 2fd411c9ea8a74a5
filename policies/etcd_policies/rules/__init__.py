"""The rules: one per file, which is named by what the rule requires."""
