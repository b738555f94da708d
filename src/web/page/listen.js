// SPDX-License-Identifier: GPL-2.0-or-later

// The card in which a file is heard and seen: its waveform, its genres over time and
// its spectrogram, one above the other, and the position in all of them.

import { addChapters } from './chapters.js';
import { say, text } from './languages.js';
import { explain } from './messages.js';
import { Player } from './player.js';
import { COLOURS, haveSameLabels } from './result.js';
import { drawSpectrogram } from './spectrogram.js';
import { Timeline, showAxis, showLegend } from './timeline.js';
import { Zoom } from './zoom.js';

const SEGMENT = 30;          // s: what the model listens to at once

const $ = (id) => document.getElementById(id);

let drawing = null;          // AbortController of the pictures
let timelines = [];

const player = new Player({
  play: $('play'), position: $('position'), time: $('time'),
  duration: $('duration'), wave: $('wave'),
});

const zoom = new Zoom({
  scroller: $('scroller'), tracks: $('tracks'), view: $('view'), panel: $('zoom'),
  closer: $('zoom-in'), wider: $('zoom-out'),
});

/** Calls @p onDuration whenever the file's length, in s, becomes known. */
export function initListening(onDuration) {
  player.addEventListener('time', showTime);
  player.addEventListener('duration', () => {
    onDuration(player.duration);
    zoom.reset(player.duration, SEGMENT);
    showTime();
    resize();
  });
  player.addEventListener('unplayable', () => {
    $('unplayable').hidden = false;
    for (const id of ['transport', 'wave', 'playhead'])
      $(id).hidden = true;
  });
  new ResizeObserver(resize).observe($('tracks'));
}

function resize() {
  if (player.duration > 0)
    showAxis($('axis'), player.duration);
  for (const timeline of timelines)
    timeline.resize(player.duration);
}

/** Shows another file, of which nothing is known yet. */
export function listenTo(file) {
  forgetAnswers();
  $('listen').hidden = false;
  $('unplayable').hidden = true;
  for (const id of ['transport', 'wave', 'playhead'])
    $(id).hidden = false;
  $('axis').replaceChildren();
  zoom.reset(0, SEGMENT);
  player.load(file);
}

/** Takes the answers about another file, or of another check, away. */
export function forgetAnswers() {
  drawing?.abort();
  timelines = [];
  for (const id of ['timelines', 'legend', 'chapters'])
    $(id).replaceChildren();
  for (const id of ['legend', 'spectrogram', 'spectrogram-status', 'waveform-status',
    'segments-hint'])
    $(id).hidden = true;
}

/** What cannot be heard either has nothing to show without an answer. */
export function hideIfSilent() {
  $('listen').hidden = !$('unplayable').hidden;
}

/** How many segments a model will answer for; 0 if that is not known. */
export function expectedSegments() {
  return player.duration > 0
    ? Math.max(1, Math.ceil(player.duration / SEGMENT - 1 / 6)) : 0;
}

export function newTimeline(model) {
  const timeline = new Timeline($('timelines'), model,
    ({ start, end }) => player.playSegment(start, end));

  timelines.push(timeline);
  return timeline;
}

/** Takes those after the first @p n away: they are not whole. */
export function keepTimelines(n) {
  timelines.splice(n).forEach((timeline) => timeline.remove());
}

export function addSegment(timeline, segment) {
  timeline.add(segment, player.duration);
  $('segments-hint').hidden = false;
  showTime();
}

/** Shows what the results tell of the whole file. */
export function haveResults(results) {
  const labels = Object.keys(results[0].probabilities ?? {});
  const coloured = results.some(({ segments }) =>
    segments.some(({ genre }) => genre !== null));

  player.setDuration(results[0].duration);
  showLegend($('legend'), labels);
  // a colour must not stand for two of them
  $('legend').hidden = labels.length === 0 || labels.length > COLOURS || !coloured
    || !haveSameLabels(results);
  $('chapters').replaceChildren();
  for (const result of results)
    addChapters($('chapters'), result, ({ start, end }) => {
      player.playSegment(start, end);
      zoom.follow(start / result.duration);
    });
}

/** Draws the waveform and the spectrogram, one after the other, so that others have
 * their turn too.
 * @param {(signal: AbortSignal) => Promise<number[]>} getPeaks
 * @param {(signal: AbortSignal) => Promise<Blob>} getImage asks for the PNG */
export async function showPictures(getPeaks, getImage) {
  const { signal } = drawing = new AbortController();

  if ($('unplayable').hidden)
    await showPicture('waveform', signal, async () =>
      player.drawWave(await getPeaks(signal)));
  await showPicture('spectrogram', signal, async () => {
    await drawSpectrogram($('spectrogram-image'), await getImage(signal));
    signal.throwIfAborted();
    $('spectrogram').hidden = false;
  });
}

/** @param {string} kind waveform or spectrogram
 * @param {() => Promise<void>} draw */
async function showPicture(kind, signal, draw) {
  const line = $(`${kind}-status`);

  if (signal.aborted)
    return;
  line.hidden = false;
  say(line, `${kind}.loading`);
  try {
    await draw();
    signal.throwIfAborted();
    line.hidden = true;
  } catch (error) {
    if (signal.aborted)
      return; // another file has been chosen, or another check begun
    const why = explain(error);
    say(line, `${kind}.failed`, { message: () => text(...why) });
  }
}

function showTime() {
  const { time, duration } = player;
  const fraction = duration > 0 ? time / duration : 0;

  for (const id of ['playhead', 'wave-head'])
    $(id).style.left = `${100 * fraction}%`;
  if (player.playing)
    zoom.follow(fraction);
  for (const timeline of timelines)
    timeline.showTime(time);
}
