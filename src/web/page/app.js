// SPDX-License-Identifier: GPL-2.0-or-later

// The page: one file is chosen, and asked about.

import {
  LANGUAGES, clock, fileSize, genreName, percent, preferredLanguage, say, setLanguage,
  text,
} from './languages.js';
import {
  addSegment, expectedSegments, forgetAnswers, haveResults, hideIfSilent,
  initListening, keepTimelines, listenTo, newTimeline, showSpectrogram,
} from './listen.js';
import { clearMessages, status, tell, tellCode } from './messages.js';
import { initRecorder } from './recorder.js';
import { nothing, ranking, sentence, showAnswer } from './result.js';
import {
  ServiceError, fetchHealth, fetchModels, fetchSpectrogram, predict, setToken,
} from './service.js';
import { keep } from './storage.js';
import { initUpload } from './upload.js';

const $ = (id) => document.getElementById(id);

let file = null;             // stays, whatever goes wrong
let length = 0;              // s; 0 if it is not known
let check = null;            // AbortController of the one that is under way

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
  length = 0;
  $('chosen').hidden = false;
  $('chosen-name').textContent = file.name;
  showFacts();
  $('drop').classList.add('filled');
  forgetResults();
  listenTo(file);
  $('check-button').disabled = false;
  status('chosen', { name: file.name });
}

function showFacts() {
  const facts = [() => fileSize(file.size)];

  if (length > 0)
    facts.push(() => clock(length));
  say($('chosen-facts'), 'as-it-is',
    { it: () => facts.map((fact) => fact()).join(' · ') });
}

function forgetResults() {
  $('answers').replaceChildren();
  for (const id of ['results', 'agreement'])
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
  forgetResults();
  forgetAnswers();
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
    keepTimelines(results.length);
    if (results.length === 0)
      hideIfSilent();
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
    showSpectrogram((signal) => fetchSpectrogram(file, signal));
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
  const timeline = newTimeline(model);
  let heard = 0;
  let quarter = 0; // a screen reader reads the status out: not too often

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
      const all = expectedSegments();

      addSegment(timeline, segment);
      heard++;
      if (all > 0)
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

function showResults(results) {
  const [first, second] = results;
  const order = ranking(first.genre === null ? second ?? first : first);

  haveResults(results);
  $('results').hidden = false;
  $('answers').replaceChildren(
    ...results.map((result) => showAnswer(result, order)));
  $('agreement').hidden = !second;
  if (second)
    say($('agreement'),
      first.genre === second.genre ? 'compare.agree' : 'compare.differ',
      { first: first.model, second: second.model });
}

function conclusion(results) {
  const sentences = results.map((result) => text(...sentence(result)));

  return results.length === 1 ? sentences[0]
    : results.map(({ model }, i) => `${model}: ${sentences[i]}`).join(' ');
}

function setBusy(busy) {
  $('progress').hidden = !busy;
  $('cancel').hidden = !busy;
  $('check-button').setAttribute('aria-disabled', busy);
  if (!busy && document.activeElement === document.body)
    $('check-button').focus(); // "Cancel", which had it, is gone
}

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
  initListening((duration) => {
    length = duration;
    showFacts();
  });
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
