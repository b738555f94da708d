// SPDX-License-Identifier: GPL-2.0-or-later

// What the page tells: errors in a box of their own, and what is going on in a line
// that screen readers read out.

import { hasText, say } from './languages.js';
import { ServiceError } from './service.js';

const $ = (id) => document.getElementById(id);

/** Codes of the service that are the same to a person as another one. */
const SAME = {
  'decoder-crashed': 'decoder-failed',
  unreadable: 'decoder-failed',
  'no-numbers': 'decoder-failed',
  'low-rate': 'decoder-failed',
  'too-much-work': 'decoder-failed',
  'out-of-memory': 'decoder-failed',
  overtaken: 'busy',
};

/** Key and data of the sentence for an error. */
export function explain(error) {
  const key = `error.${SAME[error.code] ?? error.code}`;
  const known = error instanceof ServiceError && hasText(key);

  if (!(error instanceof ServiceError))
    console.error(error);
  return [known ? key : 'error.unknown',
    { message: error.message, ...error.data }];
}

export function tell(error) {
  $('message').hidden = false;
  say($('message'), ...explain(error));
  if (error.code === 'unauthorized') {
    $('token-form').hidden = false;
    $('token').focus();
  }
}

export function tellCode(code, data) {
  tell(new ServiceError(code, data));
}

export function status(key, data) {
  say($('status'), key, data);
}

export function clearMessages() {
  $('message').hidden = true;
  status('nothing');
}
