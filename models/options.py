"""The recipe's options, which train.py and crossvalidate.py share."""

import argparse
import os

try:
    import places       # of an installed recipe, by ./meson.build
except ImportError:
    places = None

# those of networks.py, which needs PyTorch, as this does not
ARCHITECTURES = ("cnn", "crnn", "gru", "lstm")

# what else counts if a network that is there only gets another head
WITH_INIT = {"data", "audio", "init", "out", "name", "version", "build", "seed",
             "threads", "precision", "smoke", "cross_validated", "freeze", "tempo",
             "pitch", "tilt", "lowpass", "noise", "band_mask", "frame_mask", "license"}


def has_fast_bfloat16():
    try:
        with open("/proc/cpuinfo") as f:
            return any(flag in f.read().split()
                       for flag in ("avx512_bf16", "amx_bf16"))
    except OSError:
        return False


def at_least(least, kind=int):
    """The type of an argument that is a number from `least` up."""
    def parse(text):
        value = kind(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"{text}: expected {least} or more")
        return value
    return parse


def rule(text):
    """The type of an argument PATTERN=WEIGHT."""
    pattern, equals, weight = text.rpartition("=")
    try:
        if not equals or not pattern:
            raise ValueError
        return pattern, at_least(0, float)(weight)
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f"{text}: expected PATTERN=WEIGHT, as in 'AI music=0.5'")


def split(argv):
    """A program's own arguments, and those of the recipe, which follow a --."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1:]


def model_folders():
    """Where models are found by name: the user's own, and these."""
    if "GENRECLASSIFY_MODELS" in os.environ:
        return [os.environ["GENRECLASSIFY_MODELS"]]
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return [os.path.join(data, "genreclassify", "models"),
            places.MODELS if places else os.path.dirname(os.path.abspath(__file__))]


def find_model(name):
    """The weights file: `name` itself, or one of these or the user's own."""
    if os.sep in name:
        return name
    paths = [os.path.join(place, f"{name}.safetensors") for place in model_folders()]
    return next((path for path in paths if os.path.exists(path)), name)


def arguments(argv=None, prog=None):
    """The arguments of train.py; argv: None for the program's own; prog: what it is
    called."""
    parser = argparse.ArgumentParser(
        prog=prog, usage="%(prog)s [OPTIONS] --data FILE.npz|--audio DIR --out OUT",
        description="Trains a genre network and writes its weights file.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", metavar="FILE.npz",
                        help="mel images with labels and split")
    source.add_argument("--audio", metavar="DIR",
                        help="audio files in DIR/<label>/, whatever the labels "
                        "are; DIR/labels.json may say how they are written")
    parser.add_argument("--corpus", metavar="PATH", action="append", default=[],
                        help="unlabelled windows and what teachers say of them: "
                        "a NAME_mel.zip, or a folder of some; can be given again")
    parser.add_argument("--draw", metavar="PATTERN=WEIGHT", type=rule,
                        action="append", default=[], help="how often windows of "
                        "this kind or source are drawn; can be given again")
    parser.add_argument("--draw-genres", metavar="RATIO", type=at_least(1, float),
                        default=4.0, help="in pretraining: how much more often "
                        "windows are drawn that sound most like one of the genres")
    parser.add_argument("--licensed", action="store_true", help="only windows "
                        "whose source states a licence")
    parser.add_argument("--pretrained", metavar="FILE", help="OUT.work/"
                        "pretrained.safetensors of an earlier run, instead of "
                        "pretraining")
    parser.add_argument("--cross-validated", metavar="DIR", help="train on every "
                        "track; DIR: the --work of this recipe's "
                        "cross-validation")
    parser.add_argument("--tags", metavar="FILE", help="what tags.py has written: tags "
                        "that ship as a second head")
    parser.add_argument("--init", metavar="NAME|FILE", help="a model whose network "
                        "gets a head for these labels, instead of training all of one")
    parser.add_argument("--out", metavar="OUT", required=True,
                        help="weights file to write")
    parser.add_argument("--name", help="name stored in the weights file; default: the "
                        "architecture, or with --init what OUT is called")
    parser.add_argument("--architecture", default="crnn",
                        choices=ARCHITECTURES)
    parser.add_argument("--version", default="3",
                        help="version stored in the weights file")
    parser.add_argument("--license", metavar="SPDX", help="licence stored there, as "
                        "in GPL-2.0-or-later; without it none is")
    parser.add_argument("--seeds", type=at_least(1), default=1,
                        help="networks to fine-tune; the mean of their "
                        "weights is written")
    parser.add_argument("--pretrain-epochs", type=at_least(1), default=150)
    parser.add_argument("--pretrain-cycles", type=at_least(1), default=1,
                        help="how often pretraining begins again with a high "
                        "learning rate, from where it got to")
    parser.add_argument("--pretrain-batch", type=at_least(2), default=64)
    parser.add_argument("--pretrain-rate", type=float, default=3e-3,
                        help="highest learning rate of pretraining")
    parser.add_argument("--pretrain-strength", type=at_least(0, float),
                        default=1.0, help="how much the crops of pretraining "
                        "vary, of what those of fine-tuning do: a tagger's answer "
                        "is for what it heard")
    parser.add_argument("--pretrain-mixup", type=at_least(0, float), default=0.3,
                        help="alpha of the mixup of pretraining; 0: none")
    parser.add_argument("--pretrain-dropout", type=at_least(0, float), default=0.0,
                        help="dropout of pretraining")
    parser.add_argument("--pretrain-from", metavar="FILE", help="OUT.work/"
                        "pretrained.safetensors of an earlier run, maybe of "
                        "another architecture, to begin pretraining with")
    parser.add_argument("--epochs", type=at_least(1), default=12)
    parser.add_argument("--rate", type=float, default=2e-3,
                        help="highest learning rate")
    parser.add_argument("--crops", type=at_least(1), default=2,
                        help="crops of each track in an epoch")
    parser.add_argument("--crop", type=at_least(0, float), nargs=2,
                        metavar=("SHORTEST", "LONGEST"), default=[4.0, 10.0],
                        help="lengths of the crops of pretraining in seconds")
    parser.add_argument("--tune-crop", type=at_least(0, float), nargs=2,
                        metavar=("SHORTEST", "LONGEST"), default=[5.0, 25.0],
                        help="lengths of the crops of fine-tuning: a network that "
                        "has heard short ones alone is too sure of whole windows")
    parser.add_argument("--batch", type=at_least(2), default=32)
    parser.add_argument("--corpus-weight", type=float, default=0.5,
                        help="how much a crop of the corpus counts beside one "
                        "with a label")
    parser.add_argument("--freeze", metavar="COPIES", type=at_least(0), default=6,
                        help="with a corpus: fine-tune what follows the "
                        "convolutions (or the MFCCs) alone, on what they make of "
                        "this many variations of each track; 0: fine-tune every "
                        "layer")
    parser.add_argument("--tag-prior", type=at_least(0, float), default=1.0,
                        help="how much the tags that are called like a genre say "
                        "for it before the first step; 0: nothing")
    parser.add_argument("--distill", type=float, default=0.0,
                        help="share of the seeds' mean in the targets of one "
                        "more network, which is written; 0: none")
    parser.add_argument("--decay", type=float, default=0.02,
                        help="weight decay")
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--smoothing", type=float, default=0.1,
                        help="label smoothing")
    parser.add_argument("--mixup", type=float, default=0.2,
                        help="alpha of the mixup's beta distribution; 0: none")
    parser.add_argument("--tempo", type=float, default=0.1,
                        help="how much faster or slower a crop may be")
    parser.add_argument("--pitch", type=float, default=1.0,
                        help="how much higher or lower, in semitones")
    parser.add_argument("--tilt", type=float, default=4.0,
                        help="standard deviation of the spectral tilt, dB")
    parser.add_argument("--lowpass", type=float, default=0.75,
                        help="share of crops that lose their highest bands")
    parser.add_argument("--noise", type=float, default=0.3,
                        help="share of crops in steady noise")
    parser.add_argument("--band-mask", type=at_least(0), default=16,
                        help="widest band mask")
    parser.add_argument("--frame-mask", type=at_least(0), default=12,
                        help="widest frame mask")
    parser.add_argument("--ema", type=float, default=0.998,
                        help="decay of the averaged weights, per step")
    parser.add_argument("--validate", type=at_least(1), default=10,
                        help="epochs between two looks at valid")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=["float32", "bfloat16"],
                        default="bfloat16" if has_fast_bfloat16()
                        else "float32", help="arithmetic of training; default: "
                        "bfloat16 where the processor has it")
    parser.add_argument("--threads", type=at_least(1), default=os.cpu_count())
    parser.add_argument("--build", help="build directory with the genremel "
                        "program, for --audio; default: build")
    parser.add_argument("--smoke", action="store_true",
                        help="two short epochs on a few tracks: a test")
    args = parser.parse_args(argv)
    for option, value in (("--pretrained", args.pretrained),
                          ("--pretrain-from", args.pretrain_from),
                          ("--tags", args.tags)):
        if value and not args.corpus:
            parser.error(f"{option} goes with --corpus")
    if args.init:
        for key, value in vars(args).items():
            if key not in WITH_INIT and value != parser.get_default(key):
                parser.error(f"--init does not go with --{key.replace('_', '-')}")
        args.init = find_model(args.init)
    elif not args.corpus:
        args.freeze = 0
    if not args.name:
        args.name = os.path.splitext(os.path.basename(args.out))[0] if args.init \
            else args.architecture
    if args.smoke:
        args.pretrain_epochs = args.epochs = 2
        args.pretrain_cycles = 1
        args.crops, args.ema = 1, 0.5
    return args
