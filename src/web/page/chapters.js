// SPDX-License-Identifier: GPL-2.0-or-later

// A long file as chapters: runs of segments with the same genre, in a table.

import { clock, genreName, name, percent, say } from './languages.js';
import { nothing } from './result.js';

/** Shorter files are seen at a glance. */
const LONG = 600; // s

const kind = (segment) => segment.genre ?? nothing(segment);

/** Of segments in their order; confidence is the mean over the run's time. */
export function chaptersOf(segments) {
  const chapters = [];

  segments.forEach((segment, i) => {
    const { start, duration, genre, silent, confidence } = segment;
    // Where segments overlap, one ends where the next begins.
    const end = Math.min(start + duration, segments[i + 1]?.start ?? Infinity);
    let chapter = chapters.at(-1);

    if (!chapter || kind(chapter) !== kind(segment)) {
      chapter = { start, genre, silent, sum: 0, time: 0 };
      chapters.push(chapter);
    }
    chapter.end = end;
    chapter.sum += confidence * (end - start);
    chapter.time += end - start;
  });
  return chapters.map(({ sum, time, ...chapter }) =>
    ({ ...chapter, confidence: time > 0 ? sum / time : 0 }));
}

function cell(row, tag, ...data) {
  const element = document.createElement(tag);

  row.append(element);
  if (tag === 'th')
    element.scope = 'col';
  if (data.length > 0)
    say(element, ...data);
  return element;
}

function makeRow(chapter, onPlay) {
  const { start, end, genre, confidence } = chapter;
  const row = document.createElement('tr');
  const button = document.createElement('button');
  const word = document.createElement('span');
  const what = genre === null ? [nothing(chapter)]
    : ['as-it-is', { it: () => genreName(genre) }];

  button.type = 'button';
  button.className = 'button chapter figures';
  button.textContent = clock(start);
  name(button, 'chapters.play', { start: clock(start), end: clock(end) });
  button.addEventListener('click', () => onPlay(chapter));
  cell(row, 'td').append(button);
  cell(row, 'td', 'as-it-is', { it: clock(end) }).className = 'figures';
  say(word, ...what);
  cell(row, 'td').append(word);
  if (genre === null)
    cell(row, 'td');
  else
    cell(row, 'td', 'as-it-is', { it: () => percent(confidence) }).className = 'figures';
  return row;
}

/** Adds a table of a result's chapters if the file is a long one.
 * @param {(chapter: {start: number, end: number}) => void} onPlay */
export function addChapters(container, result, onPlay) {
  if (result.duration < LONG)
    return;

  const table = document.createElement('table');
  const title = table.createCaption();
  const head = table.createTHead().insertRow();

  table.className = 'chapters';
  title.className = 'track-name';
  say(title, 'chapters', { model: result.model });
  for (const column of ['from', 'to', 'genre', 'sure'])
    cell(head, 'th', `chapters.${column}`);
  table.createTBody().append(...chaptersOf(result.segments)
    .map((chapter) => makeRow(chapter, onPlay)));
  container.append(table);
}
