"""What is said to the issue tracker and what stands beside it. Pure but for what is passed on to the ports.

`sinks` makes one sink of several; `backlog` finds the issue that is about the same already, `existing` says it;
`attaching` plans a theme's evidence onto an issue that exists; `chain` tells where all of it is now.
"""
