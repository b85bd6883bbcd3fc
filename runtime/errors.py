"""Errors that a person can mend: what happened, and what to do about it."""


class UserError(Exception):
    """Something the user can put right, told in one line.

    The command line prints ``cause. remedy`` without a traceback and exits with status 2.
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause} {remedy}")
        self.cause = cause
        """What is wrong, naming the file, key or device; one sentence with a full stop."""
        self.remedy = remedy
        """What the user can do; one sentence with a full stop."""
