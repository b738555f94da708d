// SPDX-License-Identifier: GPL-2.0-or-later

// The page: music is chosen, and asked about.

import { Item } from './check.js';
import {
  LANGUAGES, clock, fileSize, genreName, percent, preferredLanguage, say, setLanguage,
  text,
} from './languages.js';
import {
  addSegment, expectedSegments, forgetAnswers, haveResults, hideIfSilent,
  initListening, keepTimelines, listenTo, newTimeline, showPictures,
} from './listen.js';
import { clearMessages, status, tell, tellCode } from './messages.js';
import { makeModelRows, makeOption, modelName, showRightness } from './models.js';
import { Queue } from './queue.js';
import { initRecorder } from './recorder.js';
import {
  MAX_BARS, haveSameLabels, nothing, ranking, sentence, setConfidenceLimit, showAnswer,
} from './result.js';
import {
  fetchModels, fetchSample, fetchSpectrogram, fetchWaveform, setToken,
} from './service.js';
import { keep } from './storage.js';
import { initTips } from './tips.js';
import { initUpload } from './upload.js';

const $ = (id) => document.getElementById(id);

let models = [];
let item = null;             // Item that is shown; stays, whatever goes wrong
let length = 0;              // s; 0 if it is not known
let check = null;            // AbortController of the one that is under way
let dropRecording = () => {};

const queue = new Queue(showLine, showQueueState);

// The files

function choose(files) {
  const [first] = files;

  dropRecording();
  if (files.length === 1 && first.size === 0) {
    tellCode('empty', { name: first.name });
    return;
  }
  check?.abort();
  check = null;
  setBusy(false);
  clearMessages();
  item?.drop();
  item = null;
  queue.set(files.length > 1 ? files.map((file) => new Item(file)) : []);
  $('queue').hidden = files.length === 1;
  $('compare-field').hidden = files.length > 1 || models.length < 2;
  $('drop').classList.add('filled');
  $('check-button').disabled = false;
  $('listen').hidden = true;
  forgetResults();
  if (files.length > 1) {
    $('chosen').hidden = true;
    status('chosen.several', { count: files.length });
  } else {
    show(new Item(first));
    status('chosen', { name: first.name });
  }
}

/** Makes a file the one that is heard and seen. */
function show(shown) {
  item = shown;
  length = 0;
  $('chosen').hidden = queue.size > 0;
  $('chosen-name').textContent = item.file.name;
  showFacts();
  forgetResults();
  listenTo(item.file);
}

function showFacts() {
  const facts = [() => fileSize(item.file.size)];

  if (length > 0)
    facts.push(() => clock(length));
  say($('chosen-facts'), 'as-it-is',
    { it: () => facts.map((fact) => fact()).join(' · ') });
}

async function chooseSample() {
  const button = $('sample');

  if (button.getAttribute('aria-disabled') === 'true')
    return;
  button.setAttribute('aria-disabled', true);
  clearMessages();
  try {
    choose([await fetchSample(text('sample.file'))]);
    $('check').requestSubmit();
  } catch (error) {
    tell(error);
  }
  button.setAttribute('aria-disabled', false);
}

async function openAbout() {
  clearMessages();
  try {
    const { showAbout } = await import('./about.js');

    await showAbout();
  } catch (error) {
    tell(error);
  }
}

function forgetResults() {
  $('answers').replaceChildren();
  for (const id of ['results', 'agreement', 'results-name'])
    $(id).hidden = true;
}

// Asking about one file

function ask(event) {
  event.preventDefault();
  if (queue.size > 0)
    askAll();
  else if (item && !check)
    askShown();
}

async function askShown() {
  const asked = [$('model').value];
  const controller = check = new AbortController();
  const results = [];

  if ($('compare').value)
    asked.push($('compare').value);
  clearMessages();
  forgetResults();
  forgetAnswers();
  $('listen').hidden = false;
  setBusy(true);
  try {
    let timeline;

    await item.check(asked, {
      signal: controller.signal,
      begin(model) {
        timeline = newTimeline(model);
        return follow(model, timeline);
      },
      onResult(result) {
        // An answer that came as a whole, without its segments before.
        for (const segment of result.segments.slice(timeline.heard ?? 0))
          addSegment(timeline, segment);
        results.push(result);
        showResults(results);
      },
    });
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
    askPictures();
}

function askPictures() {
  const { upload } = item;

  showPictures((signal) => fetchWaveform(upload, signal),
    (signal) => fetchSpectrogram(upload, signal));
}

/** What is done while a model is asked. */
function follow(model, timeline) {
  let quarter = 0; // a screen reader reads the status out: not too often
  const name = () => modelName(model);

  timeline.heard = 0;
  status('uploading', { fraction: () => percent(0) });
  return {
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
        status('uploading', { fraction: () => percent(now / 4) });
      else
        status('analysing', { model: name });
    },
    onSegment(segment) {
      const all = expectedSegments();

      addSegment(timeline, segment);
      timeline.heard++;
      if (all > 0)
        $('progress-bar').value = Math.min(1, timeline.heard / all);
      status('analysing.segment', {
        model: name, number: timeline.heard, genre: () => segment.genre === null
          ? text(nothing(segment)) : genreName(segment.genre),
      });
    },
  };
}

function showResults(results) {
  const [first, second] = results;
  // next to each other all bars are in one order, unless there are too many to show
  const order = haveSameLabels(results) && Object.keys(first.probabilities ?? {}).length
    <= MAX_BARS && ranking(first.genre === null ? second ?? first : first);

  haveResults(results);
  $('results').hidden = false;
  $('answers').replaceChildren(
    ...results.map((result) => showAnswer(result, order || ranking(result))));
  $('agreement').hidden = !second;
  if (second)
    say($('agreement'),
      first.genre === second.genre ? 'compare.agree' : 'compare.differ');
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

// Asking about several

function askAll() {
  if (queue.isRunning)
    return;
  clearMessages();
  queue.run($('model').value);
}

function showQueueState({ size, finished, isRunning }) {
  if (size === 0)
    return;
  $('cancel').hidden = !isRunning;
  $('check-button').setAttribute('aria-disabled', isRunning);
  say($('queue-state'), isRunning || finished > 0 ? 'queue.state' : 'queue.ready',
    { finished, all: size });
}

/** Shows a line's answer with all that belongs to it. */
function showLine(line) {
  show(line.item);
  const timeline = newTimeline(line.result.model);

  for (const segment of line.result.segments)
    addSegment(timeline, segment);
  showResults([line.result]);
  $('results-name').hidden = false;
  $('results-name').textContent = line.item.file.name;
  askPictures();
  $('results').scrollIntoView({ block: 'nearest' });
  $('results-heading').focus();
}

// The models

function showModels(answer) {
  ({ models } = answer);
  setConfidenceLimit(answer.min_confidence);
  $('model').replaceChildren(...models.map(makeOption));
  $('model').value = answer.default;
  if ($('model').selectedIndex < 0) // the default is not installed
    $('model').selectedIndex = 0;
  $('how-models').replaceChildren(...makeModelRows(models));
  onModel();
  $('compare-field').hidden = models.length < 2;
}

function onModel() {
  const before = $('compare').value;
  const none = new Option('', '');
  const others = models.filter(({ name }) => name !== $('model').value);

  showRightness($('model-right'), models[$('model').selectedIndex]);
  say(none, 'compare.none');
  // A model is compared with the others, not with itself.
  $('compare').replaceChildren(none, ...others.map(makeOption));
  $('compare').value = others.some(({ name }) => name === before) ? before : '';
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

  initTips();
  initListening((duration) => {
    length = duration;
    showFacts();
  });
  initUpload({ button: $('choose'), input: $('file'), zone: $('drop') }, choose,
    (name) => tellCode('folder', { name }));
  dropRecording = initRecorder({
    button: $('record'), label: $('record-text'), panel: $('recording'),
    time: $('recording-time'), level: $('level'),
  }, (recording) => choose([recording]), tellCode);
  $('sample').addEventListener('click', chooseSample);
  $('about-open').addEventListener('click', openAbout);
  for (const id of ['choose', 'record', 'sample', 'about-open'])
    $(id).disabled = false; // as of now a press is heard
  $('check').addEventListener('submit', ask);
  $('cancel').addEventListener('click', () => {
    check?.abort();
    queue.cancel();
  });
  $('model').addEventListener('change', onModel);
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
