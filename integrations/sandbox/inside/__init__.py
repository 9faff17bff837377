"""What runs behind the walls, or beside them to keep them: standard library only, sent as bytecode, never imported from a path."""
