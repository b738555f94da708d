#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The network's time for 30 s, beside ONNX Runtime's and PyTorch's.

  peers.py BUILD_DIRECTORY WORK_DIRECTORY [WEIGHTS]

The same weights, the same input, turn by turn in one run; it prints the median
times, their ratios, and how far the probabilities are apart.  ONNX Runtime is
installed from npm into WORK_DIRECTORY; it runs the network as it is, in WebAssembly,
and in two forms of int8 (quantise.py, if there is python3-onnx).
"""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "models"))

import export_onnx  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", 101))
FRAMES = 387
CALIBRATION = 8     # images, others than the one that is timed


def music_like_image(rng):
    """Decibels [frames][bands]: what is loud stays loud for a while."""
    db = rng.normal(-40, 12, (FRAMES, 128))
    for t in range(1, FRAMES):
        db[t] = 0.7 * db[t - 1] + 0.3 * db[t]
    return np.clip(db - db.max(), -80, 0).astype(np.float32)


class Program:
    """One that runs the model once for each line, and says how long that took."""

    def __init__(self, work, *command):
        self.process = subprocess.Popen(command, cwd=work, text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def run(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["ms"] / 1e3, np.array(answer["probabilities"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def onnx_runtime(work, threads, model="model.onnx", package="onnxruntime-node"):
    return Program(work, "node", os.path.join(HERE, "onnxruntime.mjs"), model,
                   "mel.f32", str(threads), package)


class PyTorch:
    def __init__(self, classifier, mel, threads):
        self.classifier, self.threads = classifier, threads
        self.mel = torch.from_numpy(mel)[None, None]

    def run(self):
        torch.set_num_threads(self.threads)
        begin = time.perf_counter()
        with torch.inference_mode():
            p = self.classifier(self.mel)[0]
        return time.perf_counter() - begin, p[0].numpy()


def image_for_network(rng, path):
    """Decibels, and what the network makes of them first, in a file as well."""
    db = music_like_image(rng)
    mel = np.ascontiguousarray(((db - db.mean()) / (db.std() + 1e-5)).T)
    mel.tofile(path)
    return db, mel


def quantise(work):
    """{what it is: file} of the forms of int8, none without python3-onnx."""
    try:
        import onnx     # noqa: F401
    except ImportError:
        print("no int8 without python3-onnx\n")
        return {}

    def run(*command, **options):
        subprocess.run(command, cwd=work, check=True, **options)

    tool = sys.executable, os.path.join(HERE, "quantise.py")
    images = [f"calibration{i}.f32" for i in range(CALIBRATION)]
    for i, name in enumerate(images):
        image_for_network(np.random.default_rng(100 + i), os.path.join(work, name))
    run(*tool, "ranges", "model.onnx", "ranges.onnx")
    with open(os.path.join(work, "ranges.json"), "w", encoding="utf-8") as f:
        run("node", os.path.join(HERE, "ranges.mjs"), "ranges.onnx", *images, stdout=f)
    run(*tool, "static", "model.onnx", "ranges.json", "static.onnx")
    run(*tool, "dynamic", "model.onnx", "dynamic.onnx")
    return {"int8, static": "static.onnx", "int8, dynamic": "dynamic.onnx"}


def main():
    build, work = map(os.path.abspath, sys.argv[1:3])
    model = sys.argv[3] if len(sys.argv) > 3 else os.path.join(
        ROOT, "models", "crnn.safetensors")
    os.makedirs(work, exist_ok=True)
    shutil.copy(os.path.join(HERE, "package.json"), work)
    # without scripts: they would fetch what a GPU needs
    subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit",
                    "--no-fund", "--loglevel=error"], cwd=work, check=True)

    db, mel = image_for_network(np.random.default_rng(1),
                                os.path.join(work, "mel.f32"))
    classifier, _ = export_onnx.load_classifier(model)
    export_onnx.export(classifier, os.path.join(work, "model.onnx"))

    forms = quantise(work)
    print(f"{os.path.basename(model)}, 30 s, medians of {ROUNDS}; ours: one "
          "thread, from decibels to probabilities")
    print("| | ms | ours / theirs | largest difference of a probability |")
    print("|---|---|---|---|")
    db.tofile(os.path.join(work, "decibels.f32"))
    ours = Program(work, os.path.join(build, "tests", "bench", "bench-ours"),
                   os.path.abspath(model), "decibels.f32")
    for threads in 1, 2:
        runtimes = {"ONNX Runtime": onnx_runtime(work, threads)}
        for name, file in forms.items():
            runtimes[f"ONNX Runtime, {name}"] = onnx_runtime(work, threads, file)
        if threads == 1:    # more would need a page with more rights
            runtimes["ONNX Runtime, WebAssembly"] = onnx_runtime(
                work, threads, package="onnxruntime-web")
        compare(ours, threads, {
            **runtimes, "PyTorch": PyTorch(classifier, mel, threads)})
        for runtime in runtimes.values():
            runtime.close()
    ours.close()


def compare(ours, threads, peers):
    """Turn by turn, so that all meet the same machine."""
    runners = {"ours": ours, **peers}
    times = {name: [] for name in runners}
    found = {}
    for i in range(ROUNDS + 3):
        for name, runner in runners.items():
            seconds, found[name] = runner.run()
            if i >= 3:      # the first ones make room for what they need
                times[name].append(seconds)
            if threads > 1:     # until theirs have stopped waiting for work
                time.sleep(0.05)
    medians = {name: np.median(t) for name, t in times.items()}
    print(f"| ours, beside those of {threads} | {medians['ours'] * 1e3:.2f} "
          "| | |")
    for name in peers:
        print(f"| {name}, {threads} thread{'s'[:threads > 1]} "
              f"| {medians[name] * 1e3:.2f} "
              f"| {medians['ours'] / medians[name]:.3f} "
              f"| {np.abs(found[name] - found['ours']).max():.1e} |")


if __name__ == "__main__":
    main()
