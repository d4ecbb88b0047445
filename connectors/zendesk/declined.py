"""How Zendesk says no, before it is known whether the caller minds."""

from __future__ import annotations

from bot.ports import Refused, Unavailable

_A_PERSON_MUST_ACT = frozenset({0, 401, 403, 404})


class Declined(Exception):
    """`why` it can't be had and what would `mend` it, both clauses without a full stop; `status` 0 if nothing was sent.

    Never leaves this package: callers know what to do with it, or raise `error`.
    """

    def __init__(self, why: str, mend: str, status: int = 0) -> None:
        super().__init__(f"{why}; {mend}.")
        self.why = why
        self.mend = mend
        self.status = status

    @property
    def error(self) -> Refused | Unavailable:
        lasting = self.status in _A_PERSON_MUST_ACT or 300 <= self.status < 400
        return Refused(str(self)) if lasting else Unavailable(str(self))
