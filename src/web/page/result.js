// SPDX-License-Identifier: GPL-2.0-or-later

// The answer in words and figures, and a bar for each genre.

import { clock, genreName, percent, say } from './languages.js';

/** How sure the model is, as a text's key. */
function sureness(confidence) {
  if (confidence >= 0.9)
    return 'sure';
  if (confidence >= 0.7)
    return 'likely';
  if (confidence >= 0.45)
    return 'maybe';
  return 'unclear';
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);

  element.className = className;
  element.append(...children);
  return element;
}

function makeText(tag, className, key, data) {
  const element = make(tag, className);

  say(element, key, data);
  return element;
}

/** The key of the word for a result or segment without a genre. */
export function nothing({ silent }) {
  return silent ? 'silent' : 'not-music';
}

/** Key and data of the sentence that says it all. */
export function sentence({ genre, confidence, silent, music, model }) {
  if (silent)
    return ['result.silent', { model }];
  if (genre === null)
    return ['result.not-music', { model, music: () => percent(music) }];
  return [`result.${sureness(confidence)}.sentence`, {
    model,
    genre: () => genreName(genre),
    confidence: () => percent(confidence),
  }];
}

/** One model's answer.
 * @param {string[]} order the genres from top to bottom */
export function showAnswer(result, order) {
  const { genre, confidence, probabilities, duration, model, truncated } =
    result;
  const answer = make('article', 'answer');
  const facts = makeText('p', 'hint figures', 'result.facts',
    { model, duration: clock(duration) });
  const cut = truncated ? [makeText('p', 'hint', 'result.truncated')] : [];

  if (genre === null) {
    answer.append(makeText('h3', 'genre', nothing(result)),
      makeText('p', '', ...sentence(result)), facts, ...cut);
    return answer;
  }

  const labels = Object.keys(probabilities);
  const head = make('div', 'answer-head',
    makeText('p', 'sureness', `result.${sureness(confidence)}`),
    makeText('h3', 'genre', 'as-it-is', { it: () => genreName(genre) }),
    makeText('p', 'confidence figures', 'as-it-is',
      { it: () => percent(confidence) }),
    facts, ...cut);
  const bars = make('ul', 'bars');

  head.dataset.colour = labels.indexOf(genre);
  for (const label of order) {
    const fill = make('span', 'bar-fill');

    fill.dataset.colour = labels.indexOf(label);
    fill.style.width = `${100 * probabilities[label]}%`;
    bars.append(make('li', label === genre ? 'best' : '',
      makeText('span', 'bar-name', 'as-it-is', { it: () => genreName(label) }),
      make('span', 'bar', fill),
      makeText('span', 'bar-figure figures', 'as-it-is',
        { it: () => percent(probabilities[label]) })));
  }
  answer.append(head, bars);
  return answer;
}

/** The genres of a result, the most probable first. */
export function ranking({ probabilities }) {
  return Object.entries(probabilities ?? {})
    .sort(([, a], [, b]) => b - a)
    .map(([label]) => label);
}
