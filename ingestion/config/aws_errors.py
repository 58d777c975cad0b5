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

from ingestion.config.errors import ConfigurationError, ReadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXPIRED = ("the AWS credentials have expired", "sign in to AWS again (`aws sso login`), run again")
_NO_BUCKET = ("there is no such bucket", "correct {setting}, or create the bucket first")
_ELSEWHERE = ("the bucket is in another region", "set AWS_REGION to the bucket's region")
_UNKNOWN = (
    "AWS does not know these credentials",
    "check AWS_PROFILE, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
)
_DENIED = ("AWS denies it", "give the role the right to that bucket and prefix, or that secret")
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
_NO_NAME = ("that is no name of a bucket", "set {setting} to s3://bucket/prefix")
_ODD_ENDPOINT = ("AWS_ENDPOINT_URL is no address", "set it to http://host:port, or unset it")
_SKEWED = ("this machine's clock is wrong", "set the clock and run again")

# What only a setting mends ends with 2, as every wrong setting does.
_SETTINGS = (_NO_BUCKET, _ELSEWHERE, _NONE, _NO_REGION, _NOT_FOUND, _NO_NAME, _ODD_ENDPOINT)
_BY_CODE = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "InvalidAccessKeyId": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "InvalidSignatureException": _UNKNOWN,
    "InvalidToken": _UNKNOWN,
    "UnrecognizedClientException": _UNKNOWN,
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
}
_RIGHT = re.compile(r"perform: (?P<right>[a-z0-9-]+:[A-Za-z*]+)")
DAMAGE = (boto.FlexibleChecksumError, boto.IncompleteReadError, boto.ResponseStreamingError)
_BY_CLASS: tuple[tuple[tuple[type[Exception], ...], tuple[str, str]], ...] = (
    ((boto.NoCredentialsError, boto.PartialCredentialsError, boto.ProfileNotFound), _NONE),
    ((boto.SSOError, boto.LoginError, boto.TokenRetrievalError), _EXPIRED),
    ((boto.CredentialRetrievalError,), _UNKNOWN),
    ((boto.NoRegionError, boto.InvalidRegionError), _NO_REGION),
    ((boto.ParamValidationError,), _NO_NAME),
    (DAMAGE, _DAMAGED),
    ((boto.HTTPClientError, boto.ConnectionError), _UNREACHABLE),
    ((ValueError,), _ODD_ENDPOINT),
)


@contextmanager
def explained(
    doing: str, failed: type[ReadableError], setting: str = "LAKE_URI", *more: type[Exception]
) -> Iterator[None]:
    """Turn what boto3 raises inside the block, and what else is named, into one for the reader.

    It says "cannot" and what we were `doing`; a `ConfigurationError` where the `setting` that names
    what is asked for, another one or its absence is to blame, and `failed` for everything else.
    """
    kinds: tuple[type[Exception], ...] = (ClientError, BotoCoreError, *more)
    try:
        yield
    except kinds as error:
        raise _explain(doing, error, failed, setting) from error


def _explain(
    doing: str, error: Exception, failed: type[ReadableError], setting: str
) -> ReadableError:
    """What to raise; AWS's own words stay out: they name accounts and roles."""
    code = code_of(error)
    by_class = (said for kinds, said in _BY_CLASS if isinstance(error, kinds))
    found = _by_code(code, error) if code else next(by_class, None)
    said, remedy = found or (
        f"AWS answers {code or type(error).__name__}",
        "run again a little later",
    )
    named = f" ({code})" if code and found in {_DENIED, _UNKNOWN} else ""
    if found is _DENIED and (right := _refused_right(error)):
        named, remedy = f" ({right})", f"give the role the right to {right} there"
    kind = ConfigurationError if found in _SETTINGS else failed
    return kind(f"cannot {doing}: {said}{named}", remedy.format(setting=setting))


def code_of(error: Exception) -> str:
    """The code an answer of AWS carries; empty when there was no answer."""
    response = getattr(error, "response", None)
    # A HEAD's answer has no body, so its status stands for the code.
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _by_code(code: str, error: Exception) -> tuple[str, str] | None:
    """S3 has one code for a bucket and a key that are denied: only its words tell them apart."""
    if code.startswith("KMS."):
        return _KEY_GONE
    found = _BY_CODE.get(code)
    return _KEY_DENIED if found is _DENIED and _refused_right(error).startswith("kms:") else found


def _refused_right(error: Exception) -> str:
    """`s3:PutObject` where AWS names it; a HEAD's answer, for one, does not."""
    response = getattr(error, "response", {})
    found = _RIGHT.search(str(response.get("Error", {}).get("Message", "")))
    return found["right"] if found else ""
