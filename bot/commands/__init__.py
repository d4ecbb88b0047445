"""The commands, by what people want to do. Thin: they read arguments, call wiring, and print."""
