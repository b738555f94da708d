#!/usr/bin/python3
"""Makes a model for labels of your own, from some twenty tracks of each on.

  genreclassify learn MUSIC/ [--groups artists.csv]
  models/learn.py MUSIC/ --out mine.safetensors

MUSIC/<label>/**/*.mp3|wav|flac|... are the tracks; MUSIC/labels.json may say how labels
are written: {"dnb": "Drum & Bass"}.  A network that is there (--init) hears them, and a
head for the labels is fitted to its features, which takes seconds.  How often it is
right is measured by cross-validation, by the engine, and kept in the file: on tracks
that it was not fitted to, and with --groups, a CSV with the columns track
(label/name.mp3, or label/album/name.mp3) and artist, on artists that it does not
know.  If the network itself was trained on these very tracks, the figure is too good.

Without --out the model goes to where it is found by its name, which is that of the
folder: ~/.local/share/genreclassify/models.
"""

import argparse
import os
import shlex
import sys

import command
import options

NAME = "learn.py"
SUFFIX = ".safetensors"
HELP = """\
FOLDER has a folder for each label, 2 to 500 of them, and the tracks in it:

  music/ambient/*.mp3  music/dnb/*/*.flac ...

20 tracks or more of each label are advised, and at least one is needed, of 5
seconds or more; their first 30 seconds are heard. music/labels.json may say how
labels are written: {"dnb": "Drum & Bass"}. It says how often the model is right,
measured on tracks that it was not fitted to; one track of a label is too few
for that."""


def arguments():
    parser = argparse.ArgumentParser(
        prog=command.name(NAME), usage="%(prog)s [OPTIONS] FOLDER",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"{__doc__.splitlines()[0]}\n\n{HELP}")
    parser.add_argument("folder", nargs="?", metavar="FOLDER",
                        help="tracks in FOLDER/LABEL/")
    parser.add_argument("--audio", metavar="FOLDER",
                        help="another way to give FOLDER, as train takes it")
    parser.add_argument("--out", metavar="FILE", help="weights file to write; default: "
                        "one called like FOLDER, where models are found by name")
    parser.add_argument("--force", action="store_true",
                        help="replace that file if it is there")
    parser.add_argument("--groups", metavar="FILE.csv", help="whose track it is "
                        "(columns track, artist)")
    parser.add_argument("--work", metavar="FOLDER", help="a new folder to keep the "
                        "networks of the cross-validation in")
    parser.add_argument("--init", metavar="NAME|FILE", default="crnn",
                        help="the model whose network it gets; default: crnn")
    parser.add_argument("--name", help="its name; default: what its file is called")
    parser.add_argument("--version", default="1", help="its version; default: 1")
    parser.add_argument("--license", metavar="SPDX", help="its licence, as in "
                        "CC0-1.0; default: none is stated")
    parser.add_argument("--build", metavar="FOLDER", help="build folder with genremel "
                        "and libgenre; default: build, then the installed ones")
    args = parser.parse_args()
    if bool(args.folder) == bool(args.audio):
        parser.error("expected one FOLDER, with a folder of tracks for each label")
    args.audio, args.folder = args.audio or args.folder, None
    return args


def default_out(folder):
    """The file of a model that is called like the folder of its tracks."""
    called = os.path.basename(os.path.abspath(folder))
    if not called or called.startswith("."):
        command.refuse(NAME, f"{folder} gives no name for the model; name its file "
                       "with --out")
    shipped = [place for place in options.model_folders()[1:]
               if os.path.exists(os.path.join(place, called + SUFFIX))]
    if shipped:
        command.refuse(NAME, f"{called} is the name of a model that is installed in "
                       f"{shipped[0]}; name another file with --out")
    return os.path.join(options.model_folders()[0], called + SUFFIX)


def check_out(path, name, force, makes_folder):
    """Refuses what could not be written in the end.  makes_folder: whether its folder
    will be made."""
    try:
        (name or os.path.basename(path)).encode()
    except UnicodeEncodeError:
        command.refuse(NAME, f"{name or path!a}: not UTF-8, which the name of a model "
                       "is; give another --name or --out")
    if os.path.isdir(path):
        command.refuse(NAME, f"{path}: a folder; expected the name of a file")
    if os.path.exists(path) and not force:
        command.refuse(NAME, f"{path} is there already; --force replaces it, --out "
                       "names another file")
    folder = os.path.dirname(os.path.abspath(path))
    while makes_folder and not os.path.exists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        command.refuse(NAME, f"{folder}: there is no such folder to write "
                       f"{os.path.basename(path)} to")
    if not os.access(folder, os.W_OK | os.X_OK):
        command.refuse(NAME, f"{folder}: nothing can be written there")


def model_word(path):
    """What --model takes for the weights file `path`."""
    called = os.path.basename(path).removesuffix(SUFFIX)
    found = options.find_model(called)
    same = os.path.exists(found) and os.path.samefile(found, path)
    return shlex.quote(called if same else path)


def recipe_arguments(args):
    """options.arguments() for these."""
    return options.arguments(
        [f"--{key}={value}" for key, value in vars(args).items()
         if value and key not in ("groups", "work", "force")])


def main():
    args = arguments()
    command.need(NAME, "numpy", "torch", "gi")
    try:
        import ownlabels
        from engine import EngineError, library
        from features import DataError
        library(args.build)
    except ImportError as e:
        command.refuse(NAME, f"{e.name} cannot be loaded: {e}")
    except EngineError as e:
        command.refuse(NAME, str(e))
    try:
        given, args.out = args.out, args.out or default_out(args.audio)
        check_out(args.out, args.name, args.force, makes_folder=not given)
        ownlabels.run(recipe_arguments(args), args.groups, args.work)
    except (DataError, EngineError, OSError) as e:
        sys.exit(f"{command.name(NAME)}: {e}")
    except KeyboardInterrupt:
        sys.exit(f"{command.name(NAME)}: stopped; nothing was written")
    print(f"{args.out}: written; to use it: "
          f"genreclassify --model {model_word(args.out)} song.mp3", file=sys.stderr)


if __name__ == "__main__":
    main()
