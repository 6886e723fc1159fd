"""The messages of Sparkplug B as protobuf knows them: the fields that are read, by their numbers.

Numbers and types are those of the specification (Eclipse Sparkplug 3.0, section 6.4.1); fields that
do not stand here are unknown fields, which protobuf passes over.
"""

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import EDITION_2023
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto as File
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "sparkplug_b"
_METRIC = {
    "name": (1, Field.TYPE_STRING),
    "alias": (2, Field.TYPE_UINT64),
    "timestamp": (3, Field.TYPE_UINT64),
    "datatype": (4, Field.TYPE_UINT32),
    "is_historical": (5, Field.TYPE_BOOL),
    "is_transient": (6, Field.TYPE_BOOL),
    "is_null": (7, Field.TYPE_BOOL),
}
_VALUE = {
    "int_value": (10, Field.TYPE_UINT32),
    "long_value": (11, Field.TYPE_UINT64),
    "float_value": (12, Field.TYPE_FLOAT),
    "double_value": (13, Field.TYPE_DOUBLE),
    "boolean_value": (14, Field.TYPE_BOOL),
    "string_value": (15, Field.TYPE_STRING),
}
_PAYLOAD = {
    "timestamp": (1, Field.TYPE_UINT64),
    "seq": (3, Field.TYPE_UINT64),
    "uuid": (4, Field.TYPE_STRING),
}


def _file() -> File:
    file = File(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="editions")
    file.edition = EDITION_2023  # fields that tell whether they are there; text is UTF-8
    metric, payload = file.message_type.add(name="Metric"), file.message_type.add(name="Payload")
    metric.oneof_decl.add(name="value")
    for name, (number, kind) in _METRIC.items():
        metric.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    for name, (number, kind) in _VALUE.items():
        metric.field.add(
            name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL, oneof_index=0
        )
    for name, (number, kind) in _PAYLOAD.items():
        payload.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    payload.field.add(
        name="metrics",
        number=2,
        type=Field.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.Metric",
        label=Field.LABEL_REPEATED,
    )
    return file


_pool = DescriptorPool()
_pool.Add(_file())

if TYPE_CHECKING:  # the classes are made from the descriptors: their fields are not known before
    Metric = Any
    Payload = Any
else:
    Metric = GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.Metric"))
    Payload = GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))
