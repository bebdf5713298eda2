"""Smithy's RPC v2 CBOR for our own services: botocore's codec turned around, so that what a client writes is read.

botocore reads responses and writes requests; both go by a shape, and here each is given the other one.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.model import Shape
from botocore.parsers import ResponseParserError, RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

_EMPTY_MAP: Final = b"\xa0"
_SHORT_MAP: Final = 0xA0
_TEXT_OF_TWO_BYTE_LENGTH: Final = b"\x79"


def decode(body: bytes, shape: Shape | None) -> Mapping[str, Any]:
    """The parameters in a CBOR body. Raises ValueError or TypeError where it cannot be read."""
    if shape is None or not body:
        return {}
    reader: Any = RpcV2CBORParser()
    try:
        read = reader._parse_shape(shape, reader.parse_data_item(reader.get_peekable_stream_from_bytes(body)))
    except ResponseParserError as error:
        raise ValueError(str(error)) from error
    if not isinstance(read, dict):
        raise TypeError("it is not a map")
    return read


def encode(output: Mapping[str, Any], shape: Shape | None) -> bytes:
    """An output shape as CBOR."""
    if shape is None:
        return _EMPTY_MAP
    writer: Any = RpcV2CBORSerializer()
    written = bytearray()
    writer._serialize_data_item(written, output, shape)
    return bytes(written)


def encode_error(code: str, message: str) -> bytes:
    """The two texts of an error."""
    texts = {"__type": code, "message": message}
    return bytes([_SHORT_MAP | len(texts)]) + b"".join(_text(word) for pair in texts.items() for word in pair)


def _text(value: str) -> bytes:
    raw = value.encode()[:0xFFFF]
    return _TEXT_OF_TWO_BYTE_LENGTH + len(raw).to_bytes(2, "big") + raw
