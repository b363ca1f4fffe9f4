"""Checks every ONNX file of a folder with ONNX's own checker and shape inference.

Prints one line for each file that fails and a summary; the exit code is 0 if none did, 3 if the
package onnx is not installed.
"""
import glob
import os
import sys

try:
    import onnx
    from onnx import checker, defs, shape_inference
except ImportError as e:
    print("python has no package onnx: %s" % e)
    sys.exit(3)


def declared(value):
    tensor = value.type.tensor_type
    return tensor.elem_type, [d.dim_param or d.dim_value for d in tensor.shape.dim]


def problem(model):
    checker.check_model(model, full_check=True)
    inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    known = {v.name: v for v in list(inferred.graph.value_info) + list(inferred.graph.output)}
    for output in model.graph.output:
        if declared(known[output.name]) != declared(output):
            return "output %s is inferred as %s" % (output.name, declared(known[output.name]))
    if any(o.domain for o in model.opset_import):
        return None
    for node in model.graph.node:
        for name in node.output:
            if name not in known:
                return "nothing is inferred for %s" % name
    return None


folder = sys.argv[1]
newest = defs.onnx_opset_version()
checked = skipped = failed = 0
for path in sorted(glob.glob(os.path.join(folder, "*.onnx"))):
    model = onnx.load(path)
    if max(o.version for o in model.opset_import if not o.domain) > newest:
        skipped += 1
        continue
    checked += 1
    try:
        found = problem(model)
    except Exception as e:
        found = str(e)
    if found:
        failed += 1
        print("%s: %s" % (os.path.basename(path), found.replace("\n", " ")))
print(
    "onnx %s, opset %d: %d files checked, %d of newer opsets skipped, %d failed"
    % (onnx.__version__, newest, checked, skipped, failed)
)
sys.exit(1 if failed or not checked else 0)
