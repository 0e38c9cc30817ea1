"""Every error the workbench raises on purpose.

A message says what was asked, what was found, what is allowed and what to do next.
Foreign exceptions are wrapped (``raise ... from exc``), never swallowed.

    WorkbenchError
    ├── InputError            the texts, a file or an argument cannot be used as they are
    │   └── PromptError       a prompt was named that the model does not have
    ├── ModelError            a model cannot be loaded or run
    │   ├── UnknownModelError   no such registry name, directory or hub id
    │   ├── IncompleteModelError   a file is missing, truncated or of a refused format
    │   └── DownloadError     the hub could not be reached, or refused
    ├── EndpointError         an endpoint cannot be used, or its answer cannot be trusted
    │   ├── AddressError      what was given is no address of an embeddings endpoint
    │   ├── UnreachableError  no answer: nothing listens, the connection broke, or it took too long
    │   ├── KeyRefusedError   the server wants another key
    │   ├── ModelNotServedError   no model of that name, no embeddings, or several to choose from
    │   ├── BusyError         it kept saying "later" (429, 503) for longer than we wait
    │   ├── ServerFaultError  it kept failing (5xx)
    │   ├── RedirectedError   it sends us to another host, where no key is taken
    │   ├── RefusedError      it does not take a text, or a request as it was asked
    │   │   └── TooLongError  a text has more tokens than the server takes
    │   ├── ReplyError        200, but the body is not what was asked for; carries the evidence
    │   │   ├── MalformedReplyError   no JSON, or JSON of another shape
    │   │   ├── CountError        fewer or more vectors than texts
    │   │   ├── IndexMismatchError    an index that is missing, doubled or out of range
    │   │   ├── PayloadTypeError  numbers of another type than float32 (float64, float16, ...)
    │   │   ├── NullValueError    null in the place of a number or of a vector
    │   │   ├── NotFiniteError    NaN or infinity
    │   │   ├── ZeroVectorError   a vector of zeros only
    │   │   └── DimError          a width that is not the model's, or differs between rows
    │   └── PartialError      some texts have vectors and some do not (workbench.contracts.partial)
    ├── EngineError           a server program cannot be started, or died
    ├── EvaluationError       some tasks were lost (workbench.studies.evaluation.partial)
    ├── DependencyError       an optional package is not installed
    └── Cancelled             the caller's cancel signal was set; says how far the work got
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Root of all errors raised on purpose by the workbench."""


class InputError(WorkbenchError, ValueError):
    """The texts, a file or an argument cannot be used as they are."""


class PromptError(InputError):
    """A prompt was named that the model does not have."""


class ModelError(WorkbenchError):
    """A model cannot be loaded or run."""


class UnknownModelError(ModelError):
    """No registry name, directory or hub id of that spelling."""


class IncompleteModelError(ModelError):
    """A model directory lacks a file, or holds one that is refused."""


class DownloadError(ModelError):
    """The model hub could not be reached, or refused."""


class EndpointError(WorkbenchError):
    """An endpoint cannot be used, or its answer cannot be trusted."""


class AddressError(EndpointError, ValueError):
    """What was given is no address of an embeddings endpoint, or leaves open which is meant."""


class UnreachableError(EndpointError):
    """No answer came: nothing listens there, the connection broke, or it took too long."""


class KeyRefusedError(EndpointError):
    """The server wants a key, or another one (401, 403)."""


class ModelNotServedError(EndpointError):
    """The server serves no model of that name, serves it without embeddings, or several.

    Attributes:
        served: Names of the models that it lists.
    """

    def __init__(self, message: str, served: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.served = served


class BusyError(EndpointError):
    """The server kept saying "later" (429, 503) for longer than we wait."""


class ServerFaultError(EndpointError):
    """The server kept failing (5xx), or another program answered in its place."""


class RedirectedError(EndpointError):
    """The server sends us to another host, where neither key nor texts are taken."""


class RefusedError(EndpointError):
    """The server does not take a text, or a request as it was asked (400, 413, 422)."""


class TooLongError(RefusedError):
    """A text has more tokens than the server takes."""


class ReplyError(EndpointError):
    """The server said 200, and the body is not what was asked for.

    Attributes:
        evidence: What was found, in short: the first characters, a count, a few values.
        word: What exactly it is where the class leaves that open, in one word: "float64".
    """

    def __init__(self, message: str, evidence: str = "", *, word: str = "") -> None:
        super().__init__(f"{message} Found: {evidence}" if evidence else message)
        self.evidence = evidence
        self.word = word


class MalformedReplyError(ReplyError):
    """The body is no JSON (cut off, or a page), or JSON of another shape."""


class CountError(ReplyError):
    """Fewer or more vectors than texts."""


class IndexMismatchError(ReplyError):
    """An index is missing, there twice, or out of range: no one can say which vector is whose."""


class PayloadTypeError(ReplyError):
    """The numbers are not little-endian float32: float64, float16, big-endian or no numbers."""


class NullValueError(ReplyError):
    """null stands where a number or a vector should be."""


class NotFiniteError(ReplyError):
    """A vector holds NaN or infinity."""


class ZeroVectorError(ReplyError):
    """A vector of zeros only: it has no direction, so no cosine."""


class DimError(ReplyError):
    """The width is not the model's, or differs between the rows of one reply."""


class EngineError(WorkbenchError):
    """A server program cannot be started as asked, or died; says why and what mends it."""


class DependencyError(WorkbenchError, ImportError):
    """An optional package is not installed; the message has the command that installs it."""


class Cancelled(WorkbenchError):  # noqa: N818  (a cancelled run is an outcome, not a fault)
    """The caller's cancel signal was set.

    Attributes:
        done: Units finished before the work stopped. Their results are discarded.
        total: Units asked for.
        unit: What was counted: "texts" or "bytes".
    """

    def __init__(self, done: int, total: int, unit: str = "texts") -> None:
        super().__init__(f"Cancelled after {done:,} of {total:,} {unit}.")
        self.done = done
        self.total = total
        self.unit = unit
