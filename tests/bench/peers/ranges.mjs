/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The ranges of the values in a model, for quantise.py:
 *
 *   node ranges.mjs RANGES.onnx MEL.f32... >RANGES.json
 *
 * RANGES.onnx is of `quantise.py ranges`; each MEL.f32 holds [128][frames] floats. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [model, ...files] = process.argv.slice(2);
/* the packages are installed where this is run */
const ort = createRequire(process.cwd() + '/')('onnxruntime-node');
const session = await ort.InferenceSession.create(model);
const ranges = {};

for (const file of files) {
  const bytes = readFileSync(file);
  const mel = new Float32Array(bytes.buffer, bytes.byteOffset,
    bytes.length / 4);
  const found = await session.run({
    mel: new ort.Tensor('float32', mel, [1, 1, 128, mel.length / 128]),
  });

  for (const [name, { data }] of Object.entries(found)) {
    const [, kind, edge] = name.match(/^(ReduceM(?:in|ax)):(.*)$/) ?? [];
    if (!kind)
      continue;
    const range = ranges[edge] ??= [Infinity, -Infinity];
    range[0] = Math.min(range[0], data[0]);
    range[1] = Math.max(range[1], data[0]);
  }
}
console.log(JSON.stringify(ranges));
