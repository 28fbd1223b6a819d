"""Everything that can go wrong and that a person can do something about.

    DatelineError                shown to the user as it is: what happened, why, what to do next
    ├── ReadError                a source could not be read as articles
    ├── FetchError               a web address could not be fetched; `later`: another time it may be
    │   ├── AddressRefusedError  it leads where nothing may be fetched from, or is no web address
    │   └── RobotsRefusedError   the site's robots.txt asks programs not to fetch it
    ├── ModelFilesError          the built-in embedder's files are missing or altered
    ├── EmbeddingError           an embedder failed or gave vectors that cannot be used
    ├── RerankerError            the reranker failed
    ├── ModelError               the chat model failed; says how
    ├── IndexMismatchError       the index was made with other settings; names the rebuild command
    ├── IndexDamagedError        the library itself cannot be read
    ├── IndexBusyError           another process is writing; names it
    ├── NotFoundError            no article, conversation or exchange has that id
    ├── ConversationsError       the kept conversations cannot be read or written; answers are not affected
    ├── ExportError              a file is not an exported conversation that can be checked
    └── SettingsError            a setting is unknown or cannot be used

Anything else is a bug: it is logged with its traceback and shown as one plain sentence.
"""


class DatelineError(Exception):
    """The base of every error whose text is meant for a person."""


class ReadError(DatelineError):
    """A source could not be read as articles."""


class FetchError(DatelineError):
    """A web address could not be fetched. `later`: the cause may pass by itself (a timeout, a busy server); `status` is
    the server's, 0 when there was no answer or something else was wrong."""

    def __init__(self, text: str, *, later: bool = False, status: int = 0) -> None:
        super().__init__(text)
        self.later = later
        self.status = status


class AddressRefusedError(FetchError):
    """An address that must not be fetched from here, or that is no web address."""


class RobotsRefusedError(FetchError):
    """The site's robots.txt asks programs not to fetch this page."""


class ModelFilesError(DatelineError):
    """The built-in embedder's files are missing or altered."""


class EmbeddingError(DatelineError):
    """An embedder failed, or gave vectors that cannot be used."""


class RerankerError(DatelineError):
    """The reranker failed; the search without it would work."""


class ModelError(DatelineError):
    """The chat model failed. `kind` is key, model, quota, busy, timeout, length, request, server, network, broken or other."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class IndexMismatchError(DatelineError):
    """The index was made with other settings than the ones it is opened with."""


class IndexDamagedError(DatelineError):
    """The library database cannot be read."""


class IndexBusyError(DatelineError):
    """Another process is writing to this index."""


class NotFoundError(DatelineError):
    """No article, conversation or exchange has that id."""


class ConversationsError(DatelineError):
    """The kept conversations cannot be read or written."""


class ExportError(DatelineError):
    """A file is not an exported conversation that can be checked."""


class SettingsError(DatelineError):
    """A setting is unknown, or its value cannot be used."""
