"""What AWS refuses, said in a sentence with its remedy, which names the setting to blame.

Codes are those of S3's and Secrets Manager's error tables; what boto3 raises before a
request is sent, or when no answer comes, is told by its class.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ingestion.config.errors import ConfigurationError, ReadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What AWS says wherever it is asked: the sentence and its remedy.
EXPIRED = ("the AWS credentials have expired", "sign in to AWS again (`aws sso login`), run again")
_NO_BUCKET = ("there is no such bucket", "correct {setting}, or create the bucket first")
_ELSEWHERE = ("the bucket is in another region", "set AWS_REGION to the bucket's region")
UNKNOWN = (
    "AWS does not know these credentials",
    "check AWS_PROFILE, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
)
_DENIED = ("AWS denies it", "give the role the right to that bucket and prefix, or that secret")
FORBIDDEN = (
    "a policy of AWS forbids it, whatever the role may do",
    "change that policy: a service control policy, a permissions boundary, or the bucket's own",
)
LAKE_FORMATION = (
    "AWS Lake Formation denies it",
    "grant the role the permission there (Lake Formation, Permissions): IAM's rights do not do",
)
_LOCKED = (
    "the bucket's Object Lock protects it",
    "keep the lake in a bucket without Object Lock: it replaces its own notes with every run",
)
_KEY_DENIED = (
    "AWS denies the key (KMS) that encrypts it, not the bucket",
    "give the role kms:Decrypt and kms:GenerateDataKey on the bucket's key",
)
_KEY_GONE = (
    "the key (KMS) that encrypts it is disabled or gone",
    "enable that key again, or choose another as the bucket's default",
)
_NONE = (
    "there are no AWS credentials, or not all of them",
    "sign in (`aws configure`, `aws sso login`) or set AWS_PROFILE; on AWS give the task a role",
)
_NOT_FETCHED = (
    "the AWS credentials cannot be fetched from where they are kept",
    "see what `aws sts get-caller-identity` says, and correct AWS_PROFILE or that profile",
)
_NO_REGION = ("no AWS region is set, or none of that name", "set AWS_REGION")
_NOT_FOUND = ("AWS has nothing of that name in this region", "correct {setting} or AWS_REGION")
_DAMAGED = (
    "what arrived is not what was stored",
    "run again; `wistia-elt doctor` tells if it stays so",
)
_UNREACHABLE = (
    "AWS does not answer",
    "check the network, AWS_REGION and AWS_ENDPOINT_URL, then run again",
)
_UNTRUSTED = (
    "the certificate of AWS's side cannot be trusted",
    (
        "if a proxy of the network opens TLS, set AWS_CA_BUNDLE to the file with its certificate; "
        "otherwise check AWS_ENDPOINT_URL"
    ),
)
_NO_BUNDLE = (
    "AWS_CA_BUNDLE or REQUESTS_CA_BUNDLE names a file that is not there",
    "let it name a file of certificates in PEM, or unset it",
)
_NO_TLS = (
    "who answers does not speak TLS",
    "check AWS_ENDPOINT_URL: http:// or another port is meant",
)
_PROXY = (
    "the proxy of the environment does not let it through",
    (
        "correct or unset HTTPS_PROXY and HTTP_PROXY of the environment, or name AWS's host in "
        "NO_PROXY"
    ),
)
_NOT_AWS = (
    "who answers is not AWS",
    "check AWS_ENDPOINT_URL and its port; where the network asks for a sign-in first, sign in",
)
# S3's own 500 has words. boto3 makes one of what it cannot read, to try it again.
_WORDLESS = (
    "AWS answers 500 without a word, or who answers is not AWS",
    "run again a little later; if it stays so, check AWS_ENDPOINT_URL and its port",
)
_LACKING = (
    "the store at AWS_ENDPOINT_URL does not know what is asked",
    "use S3, or a store that has tags, SHA-256 checksums and conditional puts",
)
_ARCHIVED = (
    "it was moved to an archive (S3 Glacier), where nobody reads it",
    "restore it (`aws s3api restore-object`), and take the lake out of the bucket's lifecycle rule",
)
_ODD_KEY = (
    "the AWS credentials hold a character that no request takes",
    (
        "copy AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, without "
        "blanks or line breaks"
    ),
)
_OWN = "correct it where AWS's own settings are: AWS_… in the environment, ~/.aws/config"
_NO_NAME = ("that is no name of a bucket", "set {setting} to s3://bucket/prefix")
_ODD_ENDPOINT = ("AWS_ENDPOINT_URL is no address", "set it to http://host:port, or unset it")
_SKEWED = ("this machine's clock is wrong", "set the clock and run again")

# What only a setting mends ends with 2, as every wrong setting does.
_SETTINGS = (
    *(_NO_BUCKET, _ELSEWHERE, _NONE, _NO_REGION, _NOT_FOUND, _NO_NAME, _ODD_ENDPOINT),
    *(_NO_BUNDLE, _NO_TLS, _LACKING, _ODD_KEY),
)
_BY_CODE = {
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "RequestExpired": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "InvalidAccessKeyId": UNKNOWN,
    "SignatureDoesNotMatch": UNKNOWN,
    "InvalidSignatureException": UNKNOWN,
    "InvalidToken": UNKNOWN,
    "UnrecognizedClientException": UNKNOWN,
    "InvalidClientTokenId": UNKNOWN,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "DecryptionFailure": _KEY_DENIED,
    "EncryptionFailure": _KEY_DENIED,
    "403": _DENIED,
    "NoSuchBucket": _NO_BUCKET,
    "301": _ELSEWHERE,
    "PermanentRedirect": _ELSEWHERE,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "ResourceNotFoundException": _NOT_FOUND,
    "RequestTimeTooSkewed": _SKEWED,
    "InvalidObjectState": _ARCHIVED,
    "NotImplemented": _LACKING,
    "401": _NOT_AWS,
    "407": _PROXY,
    "500": _WORDLESS,
}
# One code stands for several causes: only AWS's words tell them apart.
_BY_WORDS = (
    ({_DENIED}, "Lake ?Formation", LAKE_FORMATION),
    ({_DENIED}, "object lock|protected by object", _LOCKED),
    ({_DENIED}, r"perform: kms:[A-Za-z*]+", _KEY_DENIED),
    ({_DENIED}, "explicit deny", FORBIDDEN),
    # What S3 calls RequestTimeTooSkewed.
    ({UNKNOWN}, "signature (has )?expired|signature not yet current", _SKEWED),
)
_RIGHT = re.compile(r"perform: (?P<right>[a-z0-9-]+:[A-Za-z*]+)")
DAMAGE = (boto.FlexibleChecksumError, boto.IncompleteReadError, boto.ResponseStreamingError)
# The first that fits, by class and by its words.
_BY_CLASS: tuple[tuple[tuple[type[Exception], ...], str, tuple[str, str]], ...] = (
    ((boto.NoCredentialsError, boto.PartialCredentialsError, boto.ProfileNotFound), "", _NONE),
    ((boto.SSOError, boto.LoginError, boto.TokenRetrievalError), "", EXPIRED),
    ((boto.CredentialRetrievalError,), "", _NOT_FETCHED),
    ((boto.NoRegionError, boto.InvalidRegionError), "", _NO_REGION),
    ((boto.ParamValidationError,), "", _NO_NAME),
    (DAMAGE, "", _DAMAGED),
    ((boto.SSLError,), "WRONG_VERSION_NUMBER|RECORD_LAYER", _NO_TLS),
    ((boto.SSLError,), "No such file|invalid path|NO_CERTIFICATE", _NO_BUNDLE),
    ((boto.SSLError,), "", _UNTRUSTED),
    ((boto.ProxyConnectionError,), "", _PROXY),
    ((boto.HTTPClientError,), "Failed to parse", _PROXY),
    # Those words hold the credentials.
    ((boto.HTTPClientError,), "header value|in header", _ODD_KEY),
    ((boto.HTTPClientError, boto.ConnectionError), "", _UNREACHABLE),
    ((ResponseParserError,), "", _NOT_AWS),
    ((ValueError,), "Invalid endpoint", _ODD_ENDPOINT),
)
_MOST_WORDS = 200


@contextmanager
def explained(
    doing: str, failed: type[ReadableError], setting: str = "LAKE_URI", *more: type[Exception]
) -> Iterator[None]:
    """Turn what boto3 raises inside the block, and what else is named, into one for the reader.

    It says "cannot" and what we were `doing`; a `ConfigurationError` where the `setting` that names
    what is asked for, another one or its absence is to blame, and `failed` for everything else.
    """
    kinds: tuple[type[Exception], ...] = (ClientError, BotoCoreError, ResponseParserError)
    # A file that AWS's own settings name: a program that gives credentials, a token.
    kinds += (FileNotFoundError, PermissionError, *more)
    try:
        yield
    except kinds as error:
        raise _explain(doing, error, failed, setting) from error


def _explain(
    doing: str, error: Exception, failed: type[ReadableError], setting: str
) -> ReadableError:
    """What to raise; AWS's own words stay out: they name accounts and roles."""
    code = code_of(error)
    found = _by_code(code, error) if code else _by_class(error)
    said, remedy = found or (f"AWS answers {code}", "run again a little later")
    named = f" ({code})" if code and found in {_DENIED, UNKNOWN} else ""
    if found is _DENIED and (right := _refused_right(error)):
        named, remedy = f" ({right})", f"give the role the right to {right} there"
    is_setting = found in _SETTINGS or remedy is _OWN
    kind = ConfigurationError if is_setting else failed
    return kind(f"cannot {doing}: {said}{named}", remedy.format(setting=setting))


def code_of(error: Exception) -> str:
    """The code an answer of AWS carries; empty when there was no answer."""
    response = getattr(error, "response", None)
    # A HEAD's answer has no body, so its status stands for the code.
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _by_code(code: str, error: Exception) -> tuple[str, str] | None:
    if code.startswith("KMS."):
        return _KEY_GONE
    found, words = _BY_CODE.get(code), _words_of(error)
    meant = (
        said
        for ones, pattern, said in _BY_WORDS
        if found in ones and re.search(pattern, words, re.IGNORECASE)
    )
    return next(meant, found)


def _by_class(error: Exception) -> tuple[str, str]:
    text = " ".join(str(error).split())
    by_class = (
        said
        for kinds, pattern, said in _BY_CLASS
        if isinstance(error, kinds) and re.search(pattern, text)
    )
    # boto3's own words of a setting name it, and no secret.
    return next(by_class, (f"boto3 says: {text[:_MOST_WORDS].rstrip('.')}", _OWN))


def _refused_right(error: Exception) -> str:
    """`s3:PutObject` where AWS names it; a HEAD's answer, for one, does not."""
    found = _RIGHT.search(_words_of(error))
    return found["right"] if found else ""


def _words_of(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Message", ""))
