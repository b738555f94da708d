// SPDX-License-Identifier: GPL-2.0-or-later

// A closer look at a part of the file: tracks that are wider than their window, which
// scrolls.  At first all of the file fits into it.

const READABLE = 88; // px for a segment: a genre's name is seen whole
const WIDEST = 8000; // px: what browsers draw without trouble

export class Zoom {
  #parts;
  #zoom = 1;
  #segments = 0; // how many there are

  /** @param parts elements: scroller, tracks in it, view (the part of the overview that
   * is seen), and the controls panel, closer, wider */
  constructor(parts) {
    this.#parts = parts;
    parts.closer.addEventListener('click', () => this.#set(2 * this.#zoom));
    parts.wider.addEventListener('click', () => this.#set(this.#zoom / 2));
    parts.scroller.addEventListener('scroll', () => this.#showView());
    new ResizeObserver(() => this.#set(this.#zoom)).observe(parts.scroller);
  }

  /** The whole of another file.
   * @param {number} duration s, 0 if it is not known
   * @param {number} segment s that each segment has */
  reset(duration, segment) {
    this.#segments = segment > 0 ? duration / segment : 0;
    this.#set(1);
  }

  get #greatest() {
    const width = Math.max(1, this.#parts.scroller.clientWidth);

    return Math.max(1, Math.min(WIDEST, READABLE * this.#segments) / width);
  }

  #set(zoom) {
    const { scroller, tracks, panel, closer, wider } = this.#parts;
    const middle = (scroller.scrollLeft + scroller.clientWidth / 2)
      / Math.max(1, scroller.scrollWidth);
    const greatest = this.#greatest;

    this.#zoom = Math.max(1, Math.min(zoom, greatest));
    tracks.style.width = `${100 * this.#zoom}%`;
    scroller.scrollLeft = middle * scroller.scrollWidth - scroller.clientWidth / 2;
    // whoever has reached the end by keyboard stays where they are
    closer.setAttribute('aria-disabled', this.#zoom >= greatest);
    wider.setAttribute('aria-disabled', this.#zoom <= 1);
    panel.hidden = greatest <= 1;
    this.#showView();
  }

  /** Scrolls to a place, a fraction of the file, if it is out of sight. */
  follow(fraction) {
    const { scroller } = this.#parts;
    const x = fraction * scroller.scrollWidth - scroller.scrollLeft;

    if (x < 0 || x > scroller.clientWidth)
      scroller.scrollLeft += x - scroller.clientWidth / 8;
  }

  #showView() {
    const { scroller, view } = this.#parts;
    const part = scroller.clientWidth / Math.max(1, scroller.scrollWidth);
    const isWhole = this.#zoom <= 1;

    view.hidden = isWhole;
    view.style.left = `${100 * scroller.scrollLeft / Math.max(1, scroller.scrollWidth)}%`;
    view.style.width = `${100 * part}%`;
    // by the keyboard too, even where no segment is large enough to be a button
    if (isWhole)
      scroller.removeAttribute('tabindex');
    else
      scroller.tabIndex = 0;
  }
}
