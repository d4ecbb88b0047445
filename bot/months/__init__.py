"""What a digest says beyond its own month. Pure: earlier digests and decisions in, figures and sentences out.

`trends` the course of a theme; `watchlist` what grows below the rule; `outcomes` whether a fix worked, and how good the
forecasts were; `rollup` a quarter of digests; `recounted` the same figures once more, from nothing, for `verify`.
"""
