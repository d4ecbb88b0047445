"""kill -9 at every boundary: real processes, a real store, real connectors, and vendors that outlive all of them.

trap.py     where a process kills itself, or is killed
life.py     one life of the bot: from whatever it finds in the store to the end, unless it is killed
world.py    what outlives it: vendors, people who click, and time
place.py    where its store is, and how that is put back
lane.py     one run: life after life until nothing is left to do
check.py    what became of it, by the vendors' own logs
table.py    many runs, as a table: `python -m tests.crash`
"""
