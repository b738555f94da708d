// SPDX-License-Identifier: GPL-2.0-or-later

// What the genre is from segment to segment: one button each, a stack of the
// probabilities, that plays it.

import { clock, genreName, name, percent, say } from './languages.js';
import { nothing, paint } from './result.js';

const LEAST_WIDTH = 24; // px of a button, for a finger

export class Timeline {
  #track = document.createElement('div');
  #bar;
  #segments = [];
  #onPlay;

  /** @param {string} model
   * @param {(part: {start: number, end: number}) => void} onPlay */
  constructor(container, model, onPlay) {
    const title = document.createElement('h3');

    title.className = 'track-name';
    say(title, 'timeline', { model });
    this.#bar = document.createElement('div');
    this.#bar.className = 'timeline';
    this.#bar.setAttribute('role', 'toolbar');
    name(this.#bar, 'timeline.label', { model });
    this.#bar.addEventListener('keydown', (event) => this.#onKey(event));
    this.#bar.addEventListener('click', (event) => this.#onClick(event));
    this.#track.append(title, this.#bar);
    container.append(this.#track);
    this.#onPlay = onPlay;
  }

  remove() {
    this.#track.remove();
  }

  /** Adds the next segment; @p duration is the whole file's, in seconds. */
  add(segment, duration) {
    const button = document.createElement('button');
    const number = this.#segments.push(segment);
    const place = {
      number,
      start: clock(segment.start),
      end: clock(segment.start + segment.duration),
    };

    button.type = 'button';
    button.className = 'segment';
    button.append(stackOf(segment), labelOf(segment));
    if (segment.genre === null) {
      button.classList.add('nothing');
      name(button, `segment.${nothing(segment)}`, place);
    } else {
      name(button, 'segment', {
        ...place,
        genre: () => genreName(segment.genre),
        confidence: () => percent(segment.confidence),
      });
    }
    this.#bar.append(button);
    this.resize(duration);
  }

  /** Where the segment ends that is the @p i-th: where they overlap, one ends where the
   * next begins. */
  #endOf(i) {
    const { start, duration } = this.#segments[i];

    return Math.min(start + duration, this.#segments[i + 1]?.start ?? Infinity);
  }

  /** Puts the segments at their times.  One that is too narrow for a button is a part of
   * the picture only, though a click on its place plays it. */
  resize(duration) {
    const last = this.#segments.at(-1);

    if (!last)
      return;
    const all = Math.max(duration, last.start + last.duration);
    const least = LEAST_WIDTH / Math.max(1, this.#bar.clientWidth);
    const focused = this.#buttons.find((button) => button.tabIndex === 0);

    this.#segments.forEach(({ start }, i) => {
      const width = (this.#endOf(i) - start) / all;
      const button = this.#bar.children[i];

      button.style.left = `${100 * start / all}%`;
      button.style.width = `${100 * width}%`;
      button.inert = width < least;
      button.tabIndex = -1;
    });
    // arrow keys go on from there
    const first = focused?.inert === false ? focused : this.#buttons[0];
    if (first)
      first.tabIndex = 0;
  }

  get #buttons() {
    return [...this.#bar.children].filter(({ inert }) => !inert);
  }

  /** Marks the one that is being heard. */
  showTime(seconds) {
    this.#segments.forEach(({ start }, i) => {
      const button = this.#bar.children[i];

      if (seconds >= start && seconds < this.#endOf(i))
        button.setAttribute('aria-current', 'time');
      else if (button.hasAttribute('aria-current'))
        button.removeAttribute('aria-current');
    });
  }

  #onClick({ target, clientX }) {
    const children = [...this.#bar.children];
    let i = children.indexOf(target.closest('.segment'));

    if (i < 0)
      i = children.findIndex((child) => {
        const { left, right } = child.getBoundingClientRect();
        return clientX >= left && clientX < right;
      });
    if (i >= 0)
      this.#onPlay({ start: this.#segments[i].start, end: this.#endOf(i) });
  }

  #onKey(event) {
    const buttons = this.#buttons;
    const now = buttons.indexOf(document.activeElement);
    const next = {
      ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: buttons.length - 1,
    }[event.key];

    if (buttons[next] === undefined)
      return;
    event.preventDefault();
    buttons[now].tabIndex = -1;
    buttons[next].tabIndex = 0;
    buttons[next].focus();
  }
}

function stackOf({ genre, probabilities }) {
  const stack = document.createElement('span');

  stack.className = 'stack';
  Object.values(genre === null ? {} : probabilities).forEach((probability, i) => {
    const part = document.createElement('span');

    paint(part, i);
    part.style.flexGrow = probability;
    stack.append(part);
  });
  return stack;
}

function labelOf(segment) {
  const { genre } = segment;
  const label = document.createElement('span');

  label.className = 'segment-genre';
  if (genre === null)
    say(label, nothing(segment));
  else
    say(label, 'as-it-is', { it: () => genreName(genre) });
  return label;
}

/** What the colours stand for. */
export function showLegend(list, labels) {
  list.replaceChildren(...labels.map((label, i) => {
    const item = document.createElement('li');
    const swatch = document.createElement('span');
    const word = document.createElement('span');

    swatch.className = 'swatch';
    paint(swatch, i);
    say(word, 'as-it-is', { it: () => genreName(label) });
    item.append(swatch, word);
    return item;
  }));
}

/** Round times under the tracks, as many as there is room for. */
export function showAxis(axis, duration) {
  const room = Math.max(1, axis.clientWidth / 90);
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]
    .find((seconds) => duration / seconds <= room) ?? 7200;

  axis.replaceChildren();
  for (let time = 0; time <= duration - step / 3; time += step) {
    const tick = document.createElement('span');

    tick.textContent = clock(time);
    tick.style.left = `${100 * time / duration}%`;
    axis.append(tick);
  }
}
