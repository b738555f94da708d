// SPDX-License-Identifier: GPL-2.0-or-later

// What the genre is from segment to segment: one button each, a stack of the
// probabilities, that plays it.

import { clock, genreName, name, percent, say } from './languages.js';
import { nothing } from './result.js';

export class Timeline {
  #track = document.createElement('div');
  #bar;
  #segments = [];
  #onPlay;

  /** @param {string} model
   * @param {(segment: object) => void} onPlay */
  constructor(container, model, onPlay) {
    const title = document.createElement('h3');

    title.className = 'track-name';
    say(title, 'timeline', { model });
    this.#bar = document.createElement('div');
    this.#bar.className = 'timeline';
    this.#bar.setAttribute('role', 'toolbar');
    name(this.#bar, 'timeline.label', { model });
    this.#bar.addEventListener('keydown', (event) => this.#onKey(event));
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
    button.tabIndex = number === 1 ? 0 : -1; // arrow keys go on from there
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
    button.addEventListener('click', () => this.#onPlay(segment));
    this.#bar.append(button);
    this.resize(duration);
  }

  /** Puts the segments at their times. */
  resize(duration) {
    const last = this.#segments.at(-1);

    if (!last)
      return;
    const all = Math.max(duration, last.start + last.duration);
    this.#segments.forEach(({ start, duration: length }, i) => {
      // Where segments overlap, one ends where the next begins.
      const end = Math.min(start + length, this.#segments[i + 1]?.start ?? all);
      const { style } = this.#bar.children[i];

      style.left = `${100 * start / all}%`;
      style.width = `${100 * (end - start) / all}%`;
    });
  }

  /** Marks the one that is being heard. */
  showTime(seconds) {
    this.#segments.forEach(({ start, duration }, i) => {
      const next = this.#segments[i + 1]?.start ?? start + duration;
      const button = this.#bar.children[i];

      if (seconds >= start && seconds < next)
        button.setAttribute('aria-current', 'time');
      else
        button.removeAttribute('aria-current');
    });
  }

  #onKey(event) {
    const buttons = [...this.#bar.children];
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

    part.dataset.colour = i;
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
    swatch.dataset.colour = i;
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
