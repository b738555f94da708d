// SPDX-License-Identifier: GPL-2.0-or-later

// What the browser keeps for the page.  One that keeps nothing throws on the mere name
// of a storage; the page works without.

/** @param {'localStorage' | 'sessionStorage'} storage */
export function recall(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    return null;
  }
}

export function keep(storage, key, value) {
  try {
    window[storage].setItem(key, value);
  } catch {
    // it is asked for again the next time
  }
}
