/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs an ONNX model on a mel image as often as asked:
 *
 *   node onnxruntime.mjs MODEL.onnx MEL.f32 THREADS PACKAGE
 *
 * PACKAGE is onnxruntime-node, or onnxruntime-web, which is WebAssembly.
 * MEL.f32 holds [128][frames] floats.  For each line read, it runs the model once
 * and prints {"ms": ..., "probabilities": [...]}. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [model, file, threads, name] = process.argv.slice(2);
/* the packages are installed where this is run */
const ort = createRequire(process.cwd() + '/')(name);
if (name === 'onnxruntime-web')
  ort.env.wasm.numThreads = Number(threads);
const bytes = readFileSync(file);
const mel = new Float32Array(bytes.buffer, bytes.byteOffset,
  bytes.length / 4);
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const input = {
  mel: new ort.Tensor('float32', mel, [1, 1, 128, mel.length / 128]),
};

for await (const line of createInterface({ input: process.stdin })) {
  const begin = performance.now();
  const { probabilities } = await session.run(input);
  const ms = performance.now() - begin;

  console.log(JSON.stringify({ ms, probabilities: [...probabilities.data] }));
}
