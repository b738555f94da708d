// SPDX-License-Identifier: GPL-2.0-or-later

// Asking about one file: whether it can be sent at all, then each model in turn.

import { fileSize } from './languages.js';
import {
  ServiceError, Upload, assertReadable, fetchHealth, predict,
} from './service.js';

/** Before an upload that would be in vain, as it may be a long one. */
function refuseTooLarge({ size }, limit) {
  if (size > limit)
    throw new ServiceError('over-limit',
      { size: () => fileSize(size), limit: () => fileSize(limit) });
}

/** A file of the page, and what is known of it. */
export class Item {
  /** Upload, once it has been asked about */
  upload = null;

  constructor(file) {
    this.file = file;
  }

  async #prepare(signal) {
    const { file } = this;

    if (file.size === 0)
      throw new ServiceError('empty', { name: file.name });
    await assertReadable(file);
    const health = await fetchHealth(signal);
    refuseTooLarge(file, health.max_size);
    this.upload ??= new Upload(file, health.keep_uploads > 0);
  }

  /** Asks the models; the promise is of the last result.
   * @param {(model: string) => {onUpload, onSegment}} begin a model is asked now
   * @param {(result: object) => void} onResult one has answered */
  async check(models, { begin, onResult, signal }) {
    await this.#prepare(signal);
    for (const model of models) {
      const result = await predict(this.upload, model, { ...begin(model), signal });

      signal.throwIfAborted();
      onResult(result);
    }
  }

  /** Has the service forget the file. */
  drop() {
    this.upload?.drop();
    this.upload = null;
  }
}
