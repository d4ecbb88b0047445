"""Small stateful stand-ins of the vendors, for demos and tests: they do what vendors do, the bad days included."""
