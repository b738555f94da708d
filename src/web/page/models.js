// SPDX-License-Identifier: GPL-2.0-or-later

// The models in plain words, and how right each of them is, as the service tells.

import { hasText, say, text } from './languages.js';

/** What people call a model; one that has no text goes by its own name. */
export function modelName(name) {
  return hasText(`model.${name}`) ? text(`model.${name}`) : name;
}

/** Of ten songs, the whole ones: it is never said to be better than it is. */
function ofTen({ accuracy }) {
  return Math.floor(10 * accuracy);
}

/** How often it is right, in words; '' if nobody has measured it. */
function rightness(figures, key) {
  if (!figures)
    return '';
  return text(`${key}.${figures.new_artists ? 'new' : 'known'}`, {
    right: ofTen(figures), n: figures.n,
  });
}

/** What a choice says: the name, and how right it is. */
function choice({ name, figures }) {
  const short = figures ? text('right.short', { right: ofTen(figures) }) : '';

  return short ? `${modelName(name)} · ${short}` : modelName(name);
}

export function makeOption(model) {
  const option = new Option('', model.name);

  say(option, 'as-it-is', { it: () => choice(model) });
  return option;
}

/** The line under the choice. */
export function showRightness(element, model) {
  say(element, 'as-it-is', { it: () => rightness(model.figures, 'right') });
}

/** A table row for each model: the name, what it is like, how right it is. */
export function makeModelRows(models) {
  return models.map((model) => {
    const row = document.createElement('tr');
    const cells = [
      ['th', () => modelName(model.name)],
      ['td', () => hasText(`model.${model.name}.about`)
        ? text(`model.${model.name}.about`) : ''],
      ['td', () => model.figures ? rightness(model.figures, 'right')
        : text('right.unknown')],
    ];

    for (const [tag, it] of cells) {
      const cell = document.createElement(tag);

      if (tag === 'th')
        cell.scope = 'row';
      say(cell, 'as-it-is', { it });
      row.append(cell);
    }
    return row;
  });
}
