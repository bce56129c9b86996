"""Writes docs/missing_names.md: PyTorch's names that backprop lacks, each with the reason.

    .venv/bin/python docs/names.py             prints the table
    .venv/bin/python docs/names.py --write     writes docs/missing_names.md; Tests/python/test_public_names.py compares it
    python docs/names.py --list                lists PyTorch's names into docs/pytorch_names.txt; needs PyTorch, the other two do not
"""

import importlib
import re
import sys
import textwrap
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIST = HERE / "pytorch_names.txt"
MODULES = """torch nn nn.functional nn.init nn.parameter nn.utils nn.utils.rnn nn.utils.parametrize nn.utils.parametrizations nn.utils.prune optim
    optim.lr_scheduler optim.swa_utils autograd autograd.functional autograd.graph func linalg special masked fft random testing distributions amp
    utils utils.data utils.checkpoint utils.hooks utils.dlpack""".split()
CLASSES = "Tensor nn.Module nn.utils.rnn.PackedSequence optim.Optimizer optim.lr_scheduler.LRScheduler Generator Size dtype utils.data.DataLoader".split()

# Reason, and what it covers: regular expressions for "module.name", the first that matches counts.
REASONS = [
    ("complex", "There are no complex numbers.",
     r".*(complex|cdouble|cfloat|chalf|view_as_real).*|fft\..*|(torch|Tensor)\.(imag|real|polar|stft|istft|eig|lobpcg)|linalg\.(eig|eigvals)"),
    ("sparse", "There are no sparse tensors.",
     r".*sparse.*|.*(crow|ccol|col|row)_indices.*|(torch|Tensor)\.(smm|hsmm|dsmm|hspmm|spmm|sspaddmm|saddmm|coalesce|is_coalesced|indices|values|"
     r"to_dense|indices_copy|values_copy)|optim\.SparseAdam"),
    ("quantized", "There are no quantized tensors.",
     r".*(quant|qparams|fbgemm|fused_moving_avg).*|.*\.(q|Q)_?(scheme|scale|zero_point|per_channel\w*)|.*\.(qu?int\w*|int_repr|qat|intrinsic)|"
     r"nn\.functional\.(scaled_mm|scaled_grouped_mm|grouped_mm|ScalingType|SwizzleType)"),
    ("types", "Elements are float32, float64, int64, int32, uint8 and bool; float16 and bfloat16 are converted only. There are no others.",
     r"(torch|Tensor|nn\.utils\.rnn\.PackedSequence)\.(u?int(1|2|3|4|5|6|7|8|16|32|64)|short|char|bit\w*|float\d_\w+|(Char|Short)(Tensor|Storage))"),
    ("devices", "There is the CPU, and no other library of kernels under it.",
     r".*(cuda|cudnn|miopen|mkldnn|vulkan|xla|mtia|ipu|maia|xpu|privateuse|accelerator|autocast_gpu|has_mkl|has_lapack|has_openmp|has_spectral).*|"
     r"torch\.(Stream|Event|StreamObjType|OutOfMemoryError|AcceleratorError|get_device_module)|Tensor\.record_stream|Generator\.\w+|nn\.utils\.rnn\.PackedSequence\.pin_memory"),
    ("distributed", "Processes do not share tensors over a network.",
     r".*(Distributed|DataParallel|SyncBatchNorm).*|nn\.parallel|.*(RRef|Future)\w*|torch\.(fork|wait)|.*thread_safe_generator"),
    ("compiler", "There is no TorchScript, no tracing of programs, no symbolic sizes: what runs is Python and the library.",
     r"torch\.(\w+Type|AliasDb|Aggregation\w*|Argument\w*|Block|Code|CallStack|Capsule|CompilationUnit|ConcreteModule\w*|CompleteArgumentSpec|"
     r"Deep\w+Table|(Des|S)erialization\w+|ErrorReport|ExecutionPlan|FileCheck|FunctionSchema|Gradient|Graph\w*|IODescriptor|JITException|LiteScript\w*|"
     r"\w*Logger|Node|OperatorInfo|PyTorchFile\w+|Script\w+|Static\w+|Sym\w+|sym_\w+|TracingState|Type|Use|Value|Buffer\w+|ModuleDict|ParameterDict|"
     r"AVG|SUM|Tag|DispatchKey\w*|\w+Guard|Benchmark\w+|ThroughputBenchmark|parse_\w+|import_ir\w*|merge_type\w*|unify_type\w*|export|cond|cpp|"
     r"DisableTorch\w+|FatalError|init_num_threads|compile)|testing\.FileCheck|.*\.(BroadcastingList\d|boolean_dispatch|assert_int_or_pair)|"
     r"func\.(functionalize|debug_unwrap|linearize)"),
    ("storage", "Tensors own or borrow their memory; a storage cannot be exchanged or made larger under them.",
     r"(torch|Tensor)\.(set_|resize\w*|storage_type|from_file|is_storage|\w+Storage|const_data_ptr|reinforce|volatile|module_load)|utils\.swap_tensors"),
    ("old", "Deprecated in PyTorch, or an empty shell there that raises.",
     r"nn\.Module\.(register_backward_hook|dump_patches)|nn\.init\.[a-z_]+[a-z]|nn\.(NLLLoss2d|Container)|Tensor\.(symeig|solve|lstsq|eig)|nn\.utils\.(clip_grad_norm|stateless)|testing\.assert_allclose|"
     r"autograd\.(variable|NestedIOFunction)|utils\.data\.(\w*DataPipe\w*|DataChunk|functional_datapipe|\w*determinis\w*|runtime_valid\w*|argument_valid\w*)"),
    ("internal", "Not documented in PyTorch, or for its own building and debugging.",
     r"nn\.Module\.(T_destination|call_super_init)|optim\.Optimizer\.(Optimizer\w+|profile_hook_step)|utils\.data\.DataLoader\.check\w+|dtype\.abbr|"
     r".*torch_function.*|.*_notes|utils\.(backcompat|backend_registration|cmake_prefix_path|collect_env|cpp_backtrace|get_cpp_backtrace|set_module|torch|"
     r"weak|throughput_benchmark|ThroughputBenchmark|deterministic|rename_\w+|generate_\w+)|.*\.(TYPE_CHECKING|Tensor|torch|common_types|factory_kwargs)|"
     r".*_for_size|.*batch_norm_(backward|elemt|gather|stats|update)\w*|torch\.(hash_tensor|slice_inverse|conv_tbc|convolution|native_\w+|\w*autocast\w+|set_autocast_enabled|is_anomaly_\w+|set_anomaly_enabled|"
     r"embedding_renorm_|norm_except_dim|\w+_copy|detach_copy|\w+_with_indices|cudnn\w*)|Tensor\.(hash_tensor|slice_inverse|grad_dtype|output_nr|name|"
     r"map2_|to_padded_tensor)|nn\.functional\.(native_\w+|conv_tbc|\w+_with_indices|\w+_MODES|reproducibility\w*|tf32\w*)|utils\.checkpoint\.(Checkpoint(Error|Function)|DefaultDeviceType|GraphExecGroup|SAC\w+|check_\w+|detach_variable|\w+_device_states|noop\w+|set_checkpoint\w+)|"
     r"utils\.hooks\.\w+|autograd\.(enforce_grad\w*|set_multithreading\w*|grad_mode)|autograd\.graph\.(set_\w+|region\w+)|"
     r"optim\.swap_in\w*|nn\.(Uninit\w+|LinearCross\w+Options)|nn\.parameter\.\w+|nn\.utils\.\w*memory_format|nn\.utils\.prune\.torch"),
    ("later", "Possible on a CPU with these types, and not written yet.", r".*"),
]


def resolve(owner, path):
    for part in [] if path == "torch" else path.split("."):
        owner = getattr(owner, part)
    return owner


def pytorch_names():
    """module → names, as the list has them."""
    found, module = {}, None
    for line in LIST.read_text().splitlines():
        if line.startswith("["):
            module = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            module.extend(line.split())
    return found


def missing():
    """(module, name) of what PyTorch has and backprop has not."""
    import backprop

    for path, names in pytorch_names().items():
        try:
            if path in MODULES[1:]:
                importlib.import_module("backprop." + path)
            owner = resolve(backprop, path)
        except (ImportError, AttributeError):
            owner = None
        for name in names:
            if owner is None or not hasattr(owner, name):
                yield path, name


def reason(path, name):
    return next(key for key, _, pattern in REASONS if re.fullmatch(pattern, f"{path}.{name}"))


def table():
    found = {}
    for path, name in missing():
        found.setdefault(reason(path, name), {}).setdefault(path, []).append(name)
    total = sum(map(len, pytorch_names().values()))
    count = {key: sum(map(len, paths.values())) for key, paths in found.items()}
    lines = ["# PyTorch's names that are missing", "",
             f"Written by `docs/names.py`; a test compares it with the package. Of {total} names in PyTorch's modules for the CPU "
             f"{total - sum(count.values())} are here.", ""]
    for key, text, _ in REASONS:
        if key not in found:
            continue
        lines += [f"## {key}: {count[key]}", "", text, ""]
        for path, names in found[key].items():
            prefix = path if path == "torch" else "torch." + path
            lines += textwrap.wrap(f"- {prefix}: " + ", ".join(f"`{n}`" for n in names), 140, subsequent_indent="  ", break_long_words=False)
        lines.append("")
    return "\n".join(lines)


def list_pytorch():
    import torch

    lines = [f"# Public names of PyTorch {torch.__version__.partition('+')[0]}, by module. Written by docs/names.py --list."]
    for path in MODULES + CLASSES:
        if path in MODULES[1:]:
            importlib.import_module("torch." + path)
        owner, names = resolve(torch, path), []
        listed = () if path in CLASSES else getattr(owner, "__all__", ())
        for name in sorted(set(listed or dir(owner))):
            value = getattr(owner, name, None)
            home = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None) or "torch"
            if not name.startswith("_") and (path in CLASSES or listed or home.partition(".")[0] == "torch"):
                names.append(name)
        lines += [f"[{path}]", *textwrap.wrap(" ".join(names), 150, break_long_words=False, break_on_hyphens=False)]
    LIST.write_text("\n".join(lines) + "\n")


def main():
    if "--list" in sys.argv[1:]:
        list_pytorch()
    elif "--write" in sys.argv[1:]:
        (HERE / "missing_names.md").write_text(table())
    else:
        print(table())


if __name__ == "__main__":
    main()
