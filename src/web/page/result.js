// SPDX-License-Identifier: GPL-2.0-or-later

// The answer in words, and a bar for each genre.  An answer that is unsure says so in
// its largest words; a percentage that tells nothing is not among them.

import { clock, genreName, list, percent, say, text } from './languages.js';
import { makeTip } from './tips.js';

const SURE = 0.9;      // "almost certainly"
const PERHAPS = 0.4;   // less than that is no answer by itself
const NO_MUSIC = 0.5;  // below it the service has no genre
const HARDLY = 0.75;   // below it music is worth a doubt
const LEAST_TAG = 0.5; // probability of a tag that is named, as the command has it
const MAX_TAGS = 8;    // and so many are
const NO_GENRES = ['speech', 'noise'];  // tags of what is no music
export const COLOURS = 10;    // in results.css
export const MAX_BARS = 20;

let limit = 0; // confidence: an answer below it is unsure

/** @param {number} confidence what the service says is enough */
export function setConfidenceLimit(confidence) {
  limit = confidence;
}

/** The genres of a result, the most probable first. */
export function ranking({ probabilities }) {
  return Object.entries(probabilities ?? {})
    .sort(([, a], [, b]) => b - a)
    .map(([label]) => label);
}

/** How an answer is to be told, as a part of a text's key. */
export function verdict({ genre, confidence, silent, music, probabilities }) {
  if (silent)
    return 'silent';
  if (genre === null || music < NO_MUSIC)
    return 'not-music';
  if (confidence >= limit)
    return confidence >= SURE ? 'sure' : 'likely';

  const [first, second = 0] = Object.values(probabilities).sort((a, b) => b - a);

  if (first + second >= 0.5 && second >= first / 2)
    return 'between';
  return first >= PERHAPS ? 'perhaps' : 'unclear';
}

/** What the texts of a verdict are filled with. */
function wordsOf(result) {
  const [first, second, third] = ranking(result);

  return {
    model: result.model,
    genre: () => genreName(first),
    second: () => genreName(second ?? first),
    third: () => genreName(third ?? second ?? first),
    confidence: () => percent(result.confidence),
  };
}

/** The key of the word for a result or segment without a genre. */
export function nothing({ silent }) {
  return silent ? 'silent' : 'not-music';
}

/** Key and data of the few words that say it all. */
export function headline(result) {
  return [`result.${verdict(result)}`, wordsOf(result)];
}

/** Key and data of the same as a sentence. */
export function sentence(result) {
  return [`result.${verdict(result)}.sentence`, wordsOf(result)];
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

/** What was heard for how long: music, speech or noise, silence. */
function makeHeard({ segments, duration }) {
  const seconds = { music: 0, 'not-music': 0, silent: 0 };

  segments.forEach((segment, i) => {
    const end = segments[i + 1]?.start ?? duration;
    const kind = segment.genre === null ? nothing(segment) : 'music';

    seconds[kind] += Math.max(0, end - segment.start);
  });
  return makeText('p', 'heard', 'heard', {
    list: () => Object.entries(seconds).filter(([, length]) => length > 0)
      .map(([kind, length]) => text(`heard.${kind}`, { length: clock(length) }))
      .join(text('heard.and')),
  });
}

/** Gives @p element the colour of the label of this number; there are ten, and a model
 * of one's own may have more labels. */
export function paint(element, number) {
  element.dataset.colour = number % COLOURS;
}

/** The colours of the first @p n genres. */
function makeStripe(result, n) {
  const labels = Object.keys(result.probabilities);
  const stripe = make('span', 'stripe', ...ranking(result).slice(0, n).map((label) => {
    const part = document.createElement('span');

    paint(part, labels.indexOf(label));
    return part;
  }));

  stripe.setAttribute('aria-hidden', true);
  return stripe;
}

/** Whether all results that have genres have the same ones; those of two models may
 * not. */
export function haveSameLabels(results) {
  const labels = results.filter(({ probabilities }) => probabilities)
    .map((result) => ranking(result).sort().join('\n'));

  return labels.every((one) => one === labels[0]);
}

/** A bar for each label, the first of @p order first; the improbable ones of many are
 * left out. */
function makeBars(result, order) {
  const { probabilities } = result;
  const labels = Object.keys(probabilities);
  const [best] = ranking(result);
  const bars = make('ul', 'bars');

  for (const label of order.slice(0, MAX_BARS)) {
    const fill = make('span', 'bar-fill');

    paint(fill, labels.indexOf(label));
    fill.style.width = `${100 * probabilities[label]}%`;
    bars.append(make('li', label === best ? 'best' : '',
      makeText('span', 'bar-name', 'as-it-is', { it: () => genreName(label) }),
      make('span', 'bar', fill),
      makeText('span', 'bar-figure figures', 'as-it-is',
        { it: () => percent(probabilities[label]) })));
  }
  return bars;
}

/** A label's letters and digits, by which "hip-hop" and "hiphop" are one. */
function bare(label) {
  return label.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** What else the music is called, by a model that has words for it. */
function makeTags({ tags, probabilities }) {
  const genres = Object.keys(probabilities).map(bare);
  const said = Object.entries(tags ?? {})
    .filter(([label, probability]) => probability >= LEAST_TAG
      && !genres.includes(bare(label)) && !NO_GENRES.includes(label))
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_TAGS)
    .map(([label]) => label);

  return said.length === 0 ? [] : [makeText('p', 'tags', 'result.tags',
    { list: () => list(said.map(genreName)) })];
}

/** One model's answer.
 * @param {string[]} order the genres from top to bottom */
export function showAnswer(result, order) {
  const { probabilities, duration, model, truncated } = result;
  const kind = verdict(result);
  const isSure = kind === 'sure' || kind === 'likely';
  const head = make('div', 'answer-head');
  const answer = make('article', `answer ${kind}`, head);

  if (isSure)
    head.append(makeText('p', 'sureness', `result.${kind}.before`));
  head.append(makeText('h3', 'genre', ...headline(result)));
  if (isSure) {
    const line = makeText('span', 'confidence', 'result.confidence', wordsOf(result));

    head.append(make('p', 'confidence-line', line, makeTip('confidence')));
  } else {
    head.append(makeText('p', 'why', `result.${kind}.why`, wordsOf(result)));
  }
  if (kind === 'not-music' || kind === 'silent'
      || result.segments.some(({ genre }) => genre === null))
    head.append(makeHeard(result));
  if (kind !== 'not-music' && kind !== 'silent') {
    if (result.music < HARDLY)
      head.append(makeText('p', 'why', 'result.hardly-music'));
    head.append(...makeTags(result), makeStripe(result, kind === 'between' ? 2 : 1));
    answer.append(makeBars(result, order));
  }
  head.append(makeText('p', 'hint facts figures', 'result.facts',
    { model, duration: clock(duration) }));
  if (truncated)
    head.append(makeText('p', 'hint', 'result.truncated'));
  return answer;
}
