"""Slack as people see and use it: `blocks` says what stands there, `app` hears the clicks."""
