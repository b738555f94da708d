// SPDX-License-Identifier: GPL-2.0-or-later

// Several files, one after the other: a line each with what it is waiting for, how far
// it is, and at last its answer; all of them together are the table of results.

import { clock, name, percent, say, text } from './languages.js';
import { save, toCsv, toJson } from './export.js';
import { explain } from './messages.js';
import { headline, paint, ranking, verdict } from './result.js';

const $ = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const element = document.createElement(tag);

  element.className = className;
  element.append(...children);
  return element;
}

/** One file's line. */
class Line {
  /** 'waiting', 'busy', 'done', 'failed' or 'cancelled' */
  state = 'waiting';
  result = null;
  error = null;
  controller = null; // AbortController while it is busy

  /** @param {(line: Line) => void} onShow its name was pressed
   * @param {(line: Line) => void} onAct it was cancelled, or is to be tried again */
  constructor(item, onShow, onAct) {
    const fileName = item.file.name;

    this.item = item;
    this.show = make('button', 'line-name');
    this.show.type = 'button';
    this.show.textContent = fileName;
    this.show.addEventListener('click', () => onShow(this));
    this.words = make('span', 'line-words');
    this.bar = make('progress', '');
    this.bar.max = 1;
    name(this.bar, 'queue.progress', { name: fileName });
    this.act = make('button', 'button quiet');
    this.act.type = 'button';
    this.act.addEventListener('click', () => onAct(this));
    this.length = make('td', 'line-length figures');
    this.row = make('tr', 'line',
      make('th', '', this.show), make('td', 'line-answer', this.words, this.bar),
      this.length, make('td', 'line-act', this.act));
    this.row.firstElementChild.scope = 'row';
    // A row that is laid out as a grid is none to a screen reader by itself.
    this.row.setAttribute('role', 'row');
    for (const cell of this.row.children)
      cell.setAttribute('role', cell.scope ? 'rowheader' : 'cell');
    this.wait();
  }

  #set(state, key, data) {
    const isOpen = state === 'waiting' || state === 'busy';
    const { name: fileName } = this.item.file;

    this.state = state;
    this.row.className = `line ${state}`;
    this.bar.hidden = state !== 'busy';
    this.show.disabled = state !== 'done';
    this.act.hidden = state === 'done';
    say(this.act, isOpen ? 'queue.cancel' : 'queue.retry');
    name(this.act, isOpen ? 'queue.cancel.label' : 'queue.retry.label',
      { name: fileName });
    delete this.words.dataset.colour;
    say(this.words, key, data);
  }

  wait() {
    this.result = this.error = null;
    this.#set('waiting', 'queue.waiting');
  }

  cancel() {
    if (this.controller)
      this.controller.abort();
    else
      this.#set('cancelled', 'queue.cancelled');
  }

  /** @param {string} model */
  async check(model) {
    const controller = this.controller = new AbortController();
    let heard = 0;

    this.#set('busy', 'queue.uploading', { fraction: () => percent(0) });
    this.bar.value = 0;
    try {
      await this.item.check([model], {
        signal: controller.signal,
        begin: () => ({
          onUpload: (fraction) => {
            if (fraction < 1)
              this.bar.value = fraction;
            else
              this.bar.removeAttribute('value');
            say(this.words, fraction < 1 ? 'queue.uploading' : 'queue.analysing',
              { fraction: () => percent(fraction) });
          },
          onSegment: ({ start, duration }) => {
            heard = start + duration;
            say(this.words, 'queue.heard', { length: clock(heard) });
          },
        }),
        onResult: (result) => {
          this.result = result;
        },
      });
      this.#finish();
    } catch (error) {
      if (controller.signal.aborted) {
        this.#set('cancelled', 'queue.cancelled');
      } else {
        const why = explain(error);

        this.error = error;
        this.#set('failed', 'as-it-is', { it: () => text(...why) });
      }
    }
    this.controller = null;
  }

  #finish() {
    const { result } = this;
    const kind = verdict(result);

    this.#set('done', ...(kind === 'sure' || kind === 'likely'
      ? ['queue.answer', {
        sureness: () => text(`result.${kind}.before`),
        genre: () => text(...headline(result)),
      }] : headline(result)));
    say(this.length, 'as-it-is', { it: () => clock(result.duration) });
    if (result.probabilities && kind !== 'not-music')
      paint(this.words,
        Object.keys(result.probabilities).indexOf(ranking(result)[0]));
  }
}

export class Queue {
  #lines = [];
  #onShow;
  #onChange;
  #running = null; // the lines that are being asked about
  #model = null;

  /** @param {(line: Line) => void} onShow a line with an answer was pressed
   * @param {(queue: Queue) => void} onChange a line is in another state */
  constructor(onShow, onChange) {
    this.#onShow = onShow;
    this.#onChange = onChange;
    $('save-csv').addEventListener('click', () =>
      save('genres.csv', 'text/csv', toCsv(this.#rows())));
    $('save-json').addEventListener('click', () =>
      save('genres.json', 'application/json', toJson(this.#rows())));
  }

  get size() {
    return this.#lines.length;
  }

  get finished() {
    return this.#lines.filter(({ state }) => state !== 'waiting' && state !== 'busy')
      .length;
  }

  get isRunning() {
    return this.#running === this.#lines;
  }

  #rows() {
    return this.#lines.map(({ item: { file: { name: fileName, size } }, result, error }) =>
      ({ name: fileName, size, result, error }));
  }

  /** Takes other files; what is under way of the old ones ends. */
  set(items) {
    this.cancel();
    for (const { item } of this.#lines)
      item.drop();
    this.#lines = items.map((item) => new Line(item, this.#onShow,
      (line) => this.#act(line)));
    $('lines').replaceChildren(...this.#lines.map(({ row }) => row));
    this.#changed();
  }

  cancel() {
    for (const line of this.#lines)
      if (line.state === 'waiting' || line.state === 'busy')
        line.cancel();
    this.#changed();
  }

  /** Asks about those that have no answer; about all, if each has one. */
  async run(model) {
    const open = this.#lines.filter(({ result }) => !result);

    this.#model = model;
    for (const line of open.length > 0 ? open : this.#lines)
      line.wait();
    await this.#work();
  }

  async #work() {
    const lines = this.#lines;

    if (this.isRunning)
      return;
    this.#running = lines;
    this.#changed();
    for (;;) {
      const next = lines.find(({ state }) => state === 'waiting');

      if (!next)
        break;
      const checked = next.check(this.#model);

      this.#changed();
      await checked;
      this.#changed();
    }
    if (this.isRunning) {
      this.#running = null;
      this.#changed();
    }
  }

  #act(line) {
    const hadFocus = document.activeElement === line.act;

    if (line.state === 'waiting' || line.state === 'busy') {
      line.cancel();
      this.#changed();
    } else {
      line.wait();
      if (this.#model)
        this.#work();
    }
    if (hadFocus)
      line.act.focus();
  }

  #changed() {
    const some = this.#lines.some(({ result }) => result);

    $('saves').hidden = !some;
    $('queue-hint').hidden = !some;
    this.#onChange(this);
  }
}
