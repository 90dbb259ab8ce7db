"""Types of the inputs and outputs of ONNX's operators, by operator set, as PyPI's `onnx` says them.

    python import_signatures.py > ../packages/export/src/import/types/signatures.ts

Prints all operators of ONNX's own domain that the importer reads, by docs/imported-operators.md, in the sets from 7 on. A version is
left out when it differs from the one before only in types that the importer has not, or in bfloat16.
"""

import re
from collections import defaultdict
from pathlib import Path

import onnx
from onnx.defs import OpSchema, get_all_schemas_with_history

OLDEST = 7
CODES = {
    **{"float": "f", "double": "d", "float16": "h", "bool": "b"},
    **{"int8": "c", "int16": "s", "int32": "i", "int64": "l", "uint8": "C", "uint16": "S", "uint32": "I", "uint64": "L"},
}


def codes(names):
    return "".join(code for name, code in CODES.items() if f"tensor({name})" in names)


def parameter(each):
    """A letter for a type that others share, or `=` with the types of this one alone; `*`: any number of them, of one type; `**`: of any."""
    many = each.option == OpSchema.FormalParameterOption.Variadic
    named = each.type_str if not each.type_str.startswith("tensor(") else f"={codes([each.type_str])}"
    return named + ("" if not many else "*" if each.is_homogeneous else "**")


def signature(schema):
    used = {each.type_str for each in [*schema.inputs, *schema.outputs]}
    types = [f"{c.type_param_str}:{codes(c.allowed_type_strs)}" for c in schema.type_constraints if c.type_param_str in used]
    sides = [" ".join(map(parameter, side)) for side in (schema.inputs, schema.outputs)]
    return " | ".join([*sides, " ".join(types)])


def main():
    table = Path(__file__).parent.parent / "docs/imported-operators.md"
    read = set(re.findall(r"^\| (\w+) \|", table.read_text(), re.M)) - {"operator"}
    versions = defaultdict(dict)
    for schema in get_all_schemas_with_history():
        if schema.domain == "" and schema.name in read:
            versions[schema.name][schema.since_version] = signature(schema)
    print(f"/** Made by `bench/import_signatures.py` from the schemas of PyPI's onnx {onnx.__version__}; do not edit. */\n")
    print("/** For each operator its signatures from an operator set on: inputs, outputs, and the types that each letter may be. */")
    print("export const SIGNATURES: Readonly<Record<string, Readonly<Record<number, string>>>> = {")
    for op in sorted(versions):
        since = sorted(versions[op])
        first = max((v for v in since if v <= OLDEST), default=since[0])
        kept, last = [], None
        for version in (v for v in since if v >= first):
            if versions[op][version] != last:
                last = versions[op][version]
                kept.append(f"{version}: '{last}'")
        one = f"  {op}: {{ {', '.join(kept)} }},"
        if len(one) <= 120:
            print(one)
        else:
            print(f"  {op}: {{", *(f"    {each}," for each in kept), "  },", sep="\n")
    print("};")


main()
