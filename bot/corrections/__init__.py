"""What people changed in a digest, as a log and as what it means. Pure.

`fold` reads a theme's log: what is in force, where the theme stands. `correcting` checks a wish against the digest and
makes the payload that the log keeps; `corrected` plays what is in force over the digest as the run found it, and counts
everything anew. `entered` reads what people type, `honoured` says it in words.
"""
