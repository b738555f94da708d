// SPDX-License-Identifier: GPL-2.0-or-later

// The page: one file is chosen, and asked about.

import {
  LANGUAGES, clock, fileSize, genreName, hasText, percent, preferredLanguage, say,
  setLanguage, text,
} from './languages.js';
import { Player } from './player.js';
import { initRecorder } from './recorder.js';
import { nothing, ranking, sentence, showAnswer } from './result.js';
import {
  ServiceError, fetchHealth, fetchModels, fetchSpectrogram, predict, setToken,
} from './service.js';
import { drawSpectrogram } from './spectrogram.js';
import { keep } from './storage.js';
import { Timeline, showAxis, showLegend } from './timeline.js';
import { initUpload } from './upload.js';

const SEGMENT = 30;          // s: what the model listens to at once
const SEGMENT_WIDTH = 44;    // px: for a genre's name
const LEAST_WIDTH = 24;      // px: for a finger, if the last segment is a short one

const $ = (id) => document.getElementById(id);

let file = null;             // stays, whatever goes wrong
let check = null;            // AbortController of the one that is under way
let drawing = null;          // that of the spectrogram
let timelines = [];

const player = new Player({
  play: $('play'), position: $('position'), time: $('time'),
  duration: $('duration'), wave: $('wave'),
});

// Messages

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
function explain(error) {
  const key = `error.${SAME[error.code] ?? error.code}`;
  const known = error instanceof ServiceError && hasText(key);

  if (!(error instanceof ServiceError))
    console.error(error);
  return [known ? key : 'error.unknown',
    { message: error.message, ...error.data }];
}

function tell(error) {
  $('message').hidden = false;
  say($('message'), ...explain(error));
  if (error.code === 'unauthorized') {
    $('token-form').hidden = false;
    $('token').focus();
  }
}

function tellCode(code, data) {
  tell(new ServiceError(code, data));
}

function status(key, data) {
  say($('status'), key, data);
}

function clearMessages() {
  $('message').hidden = true;
  status('nothing');
}

// The file

function choose(chosen) {
  if (chosen.size === 0) {
    tellCode('empty', { name: chosen.name });
    return;
  }
  check?.abort();
  check = null;
  setBusy(false);
  clearMessages();
  file = chosen;
  $('chosen').hidden = false;
  $('chosen-name').textContent = file.name;
  showFacts();
  $('drop').classList.add('filled');
  forget();
  $('listen').hidden = false;
  $('unplayable').hidden = true;
  for (const id of ['transport', 'wave', 'playhead'])
    $(id).hidden = false;
  $('axis').replaceChildren();
  $('tracks').style.minWidth = '';
  player.load(file);
  $('check-button').disabled = false;
  status('chosen', { name: file.name });
}

function showFacts() {
  const facts = [() => fileSize(file.size)];

  if (player.duration > 0)
    facts.push(() => clock(player.duration));
  say($('chosen-facts'), 'as-it-is',
    { it: () => facts.map((fact) => fact()).join(' · ') });
}

/** Takes the results of another file, or of another check, away. */
function forget() {
  drawing?.abort();
  timelines = [];
  for (const id of ['answers', 'timelines', 'legend'])
    $(id).replaceChildren();
  for (const id of ['results', 'agreement', 'legend', 'spectrogram',
    'spectrogram-status', 'segments-hint'])
    $(id).hidden = true;
}

// Asking

async function ask(event) {
  event.preventDefault();
  if (!file || check)
    return;

  const models = [$('model').value];
  const controller = check = new AbortController();
  const results = [];

  if ($('compare').value)
    models.push($('compare').value);
  clearMessages();
  forget();
  $('listen').hidden = false;
  setBusy(true);
  try {
    await refuseTooLarge(controller.signal);
    for (const model of models) {
      results.push(await askOne(model, controller.signal));
      showResults(results);
    }
    status('as-it-is', { it: () => conclusion(results) });
    $('results').scrollIntoView({ block: 'nearest' });
  } catch (error) {
    if (check !== controller)
      return; // another file has been chosen
    timelines.splice(results.length).forEach((timeline) => timeline.remove());
    // what cannot be heard either has nothing to show
    $('listen').hidden = results.length === 0 && !$('unplayable').hidden;
    if (error.name === 'AbortError') {
      status('cancelled');
    } else {
      status('nothing');
      tell(error);
    }
  }
  check = null;
  setBusy(false);
  if (results.length > 0)
    showSpectrogram();
}

/** Before an upload that would be in vain, as it may be a long one. */
async function refuseTooLarge(signal) {
  const { size } = file;
  const { max_size: limit } = await fetchHealth(signal);

  if (size > limit)
    throw new ServiceError('over-limit',
      { size: () => fileSize(size), limit: () => fileSize(limit) });
}

async function askOne(model, signal) {
  const timeline = new Timeline($('timelines'), model, ({ start, duration }) =>
    player.playSegment(start, start + duration));
  let heard = 0;
  let quarter = 0; // a screen reader reads the status out: not too often

  timelines.push(timeline);
  status('uploading', { model, fraction: () => percent(0) });
  const result = await predict(file, model, {
    signal,
    onUpload(fraction) {
      const now = Math.floor(4 * fraction);

      if (now < 4)
        $('progress-bar').value = fraction;
      else
        $('progress-bar').removeAttribute('value');
      if (now === quarter)
        return;
      quarter = now;
      if (now < 4)
        status('uploading', { model, fraction: () => percent(now / 4) });
      else
        status('analysing', { model });
    },
    onSegment(segment) {
      const all = Math.max(1, Math.ceil(player.duration / SEGMENT - 1 / 6));

      addSegment(timeline, segment);
      heard++;
      if (player.duration > 0)
        $('progress-bar').value = Math.min(1, heard / all);
      status('analysing.segment', {
        model, number: heard, genre: () => segment.genre === null
          ? text(nothing(segment)) : genreName(segment.genre),
      });
    },
  });

  signal.throwIfAborted();
  // An answer that came as a whole, without its segments before.
  for (const segment of result.segments.slice(heard))
    addSegment(timeline, segment);
  return result;
}

function addSegment(timeline, segment) {
  const { style } = $('tracks');
  const width = segment.duration < SEGMENT ? LEAST_WIDTH : SEGMENT_WIDTH;
  const all = width * player.duration / Math.max(1, segment.duration);

  style.minWidth = `${Math.max(parseFloat(style.minWidth) || 0, all)}px`;
  timeline.add(segment, player.duration);
  $('segments-hint').hidden = false;
  showTime();
}

function showResults(results) {
  const [first, second] = results;
  const order = ranking(first.genre === null ? second ?? first : first);
  const coloured = results.some(({ segments }) =>
    segments.some(({ genre }) => genre !== null));

  player.setDuration(first.duration);
  $('results').hidden = false;
  $('answers').replaceChildren(
    ...results.map((result) => showAnswer(result, order)));
  $('agreement').hidden = !second;
  if (second)
    say($('agreement'),
      first.genre === second.genre ? 'compare.agree' : 'compare.differ',
      { first: first.model, second: second.model });
  showLegend($('legend'), Object.keys(first.probabilities ?? {}));
  $('legend').hidden = !first.probabilities || !coloured;
}

function conclusion(results) {
  const sentences = results.map((result) => text(...sentence(result)));

  return results.length === 1 ? sentences[0]
    : results.map(({ model }, i) => `${model}: ${sentences[i]}`).join(' ');
}

async function showSpectrogram() {
  const line = $('spectrogram-status');
  const { signal } = drawing = new AbortController();

  line.hidden = false;
  say(line, 'spectrogram.loading');
  try {
    await drawSpectrogram($('spectrogram-image'), await fetchSpectrogram(file, signal));
    signal.throwIfAborted();
    $('spectrogram').hidden = false;
    line.hidden = true;
  } catch (error) {
    if (signal.aborted)
      return; // another file has been chosen, or another check begun
    const why = explain(error);
    say(line, 'spectrogram.failed', { message: () => text(...why) });
  }
}

function setBusy(busy) {
  $('progress').hidden = !busy;
  $('cancel').hidden = !busy;
  $('check-button').setAttribute('aria-disabled', busy);
  if (!busy && document.activeElement === document.body)
    $('check-button').focus(); // "Cancel", which had it, is gone
}

// The position

function showTime() {
  const { time, duration } = player;

  $('playhead').style.left = duration > 0 ? `${100 * time / duration}%` : 0;
  follow(duration > 0 ? time / duration : 0);
  for (const timeline of timelines)
    timeline.showTime(time);
}

/** Scrolls tracks that are wider than the window along. */
function follow(fraction) {
  const scroller = $('scroller');
  const x = fraction * $('tracks').offsetWidth - scroller.scrollLeft;

  if (player.playing && (x < 0 || x > scroller.clientWidth))
    scroller.scrollLeft += x - scroller.clientWidth / 8;
}

player.addEventListener('time', showTime);
player.addEventListener('duration', () => {
  showFacts();
  showAxis($('axis'), player.duration);
  showTime();
  for (const timeline of timelines)
    timeline.resize(player.duration);
});
player.addEventListener('unplayable', () => {
  $('unplayable').hidden = false;
  for (const id of ['transport', 'wave', 'playhead'])
    $(id).hidden = true;
});
new ResizeObserver(() => {
  if (player.duration > 0)
    showAxis($('axis'), player.duration);
}).observe($('tracks'));

// The models

function showModels({ models, default: preset }) {
  $('model').replaceChildren(...models.map(({ name }) => new Option(name, name)));
  $('model').value = preset;
  if ($('model').selectedIndex < 0) // the default is not installed
    $('model').selectedIndex = 0;
  offerOthers();
  $('compare-field').hidden = models.length < 2;
}

/** A model is compared with the others, not with itself. */
function offerOthers() {
  const before = $('compare').value;
  const none = new Option('', '');
  const others = [...$('model').options].map(({ value }) => value)
    .filter((name) => name !== $('model').value);

  say(none, 'compare.none');
  $('compare').replaceChildren(none, ...others.map((name) => new Option(name, name)));
  $('compare').value = others.includes(before) ? before : '';
}

async function loadModels() {
  try {
    showModels(await fetchModels());
  } catch (error) {
    tell(error);
  }
}

// The beginning

async function begin() {
  const language = $('language');

  for (const [code, own] of Object.entries(LANGUAGES)) {
    const option = new Option(own, code);

    option.lang = code;
    language.append(option);
  }
  language.value = preferredLanguage();
  await setLanguage(language.value);
  language.addEventListener('change', async () => {
    try {
      await setLanguage(language.value);
      keep('localStorage', 'language', language.value);
    } catch {
      tellCode('gone');
    }
  });

  $('check-button').disabled = true;
  for (const part of document.querySelectorAll('header, main, footer'))
    part.hidden = false;
  initUpload({ button: $('choose'), input: $('file'), zone: $('drop') }, choose);
  initRecorder({
    button: $('record'), panel: $('recording'), time: $('recording-time'),
    level: $('level'),
  }, choose, tellCode);
  $('check').addEventListener('submit', ask);
  $('cancel').addEventListener('click', () => check?.abort());
  $('model').addEventListener('change', offerOthers);
  $('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    setToken($('token').value);
    $('token-form').hidden = true;
    clearMessages();
    loadModels();
  });
  await loadModels();
}

begin().catch((error) => {
  console.error(error);
  $('failed').hidden = false;
});
